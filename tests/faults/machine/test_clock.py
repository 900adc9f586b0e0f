"""Clock: told a wrong time of day, by its own word, while all waits last as long as they should; then the right one."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from support.programs import python
from support.waiting import eventually

from metricrig import Instance, Rig, Service, Unavailable, UsageError, ready
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import clock
from metricrig.runtimes import own_clock
from metricrig.runtimes.own_clock import OwnClock
from metricrig.services import PostgreSQL, Redis, VictoriaMetrics

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, own_clock._COMPILERS)), reason="what tells a service the time is built by a C compiler"
)

HOUR = 3600.0
NEAR = 600.0
"""Seconds: no test takes longer, and no clock is put wrong by less."""
IDLE = 'import signal\nprint("up")\nsignal.pause()\n'
WAITS = r"""
import asyncio, ctypes, json, queue, select, threading, time

libc = ctypes.CDLL(None, use_errno=True)
LENGTH = 0.02

class At(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("rest", ctypes.c_long)]

def at(clock):
    now = time.clock_gettime_ns(clock) + int(LENGTH * 10**9)
    return ctypes.byref(At(now // 10**9, now % 10**9))

def fails(result):
    assert result, "it did not wait for its deadline"

semaphore, mutex, condition = (ctypes.create_string_buffer(256) for _ in range(3))
libc.sem_init(semaphore, 0, 0)
locked = threading.Lock(); locked.acquire()

def until(call, *words):
    # The deadline is a time of day: it moves with the clock that it is counted by.
    before = time.time()
    call(*words)
    assert time.time() - before >= LENGTH * 0.9, "too early by the clock of the day"

WAYS = {
    "sleep": lambda: time.sleep(LENGTH),
    "event": lambda: threading.Event().wait(LENGTH),
    "lock": lambda: fails(not locked.acquire(timeout=LENGTH)),
    "condition": lambda: (lambda c: (c.acquire(), c.wait(LENGTH)))(threading.Condition()),
    "select": lambda: select.select([], [], [], LENGTH),
    "asyncio": lambda: asyncio.run(asyncio.sleep(LENGTH)),
    "until a time of day": lambda: until(lambda: libc.clock_nanosleep(0, 1, at(0), None)),
    "until a monotonic time": lambda: libc.clock_nanosleep(1, 1, at(1), None),
    "semaphore": lambda: fails(libc.sem_timedwait(semaphore, at(0))),
    "condition of C": lambda: (libc.pthread_mutex_lock(mutex),
                               fails(libc.pthread_cond_timedwait(condition, mutex, at(0))),
                               libc.pthread_mutex_unlock(mutex)),
}
round = 0
while True:
    round += 1
    took = {}
    began_at = time.time()
    for name, way in WAYS.items():
        began = time.monotonic()
        way()
        took[name] = time.monotonic() - began
    print(json.dumps({"round": round, "from": began_at, "to": time.time(), "took": took}))
"""


def redis_time(redis: Instance) -> float:
    seconds, _ = redis.run(["redis-cli", "-h", redis.host, "-p", str(redis.port), "TIME"]).out.split()
    return float(seconds)


def postgresql_time(postgresql: Instance) -> float:
    return float(postgresql.run(["psql", "-tAc", "SELECT extract(epoch FROM clock_timestamp())"]).out)


def is_near(told: float, offset: float) -> bool:
    return abs(told - time.time() - offset) < NEAR


def test_redis_says_what_it_is_told(rig: Rig) -> None:
    redis = rig.add(Redis(own_clock=True))
    rig.start()
    assert is_near(redis_time(redis), 0)
    with redis.clock(offset=HOUR) as fault:
        assert is_near(redis_time(redis), HOUR)
        assert "asked for the time and was told" in fault.evidence
        assert fault.sentence == "the clock of redis is 1 h ahead"
    assert is_near(redis_time(redis), 0)
    assert "which is right; it is ready" in fault.healing_evidence
    with redis.clock(offset=-30 * 24 * HOUR):
        assert is_near(redis_time(redis), -30 * 24 * HOUR)
    assert is_near(redis_time(redis), 0)


def test_postgresql_says_what_it_is_told(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL(own_clock=True))
    rig.start()
    with postgresql.clock(offset=-HOUR):
        assert is_near(postgresql_time(postgresql), -HOUR)
        assert is_near(float(postgresql.run(["date", "+%s"]).out), -HOUR)  # beside it as well
    assert is_near(postgresql_time(postgresql), 0)


def test_a_clock_goes_faster_and_slower(rig: Rig) -> None:
    redis = rig.add(Redis(own_clock=True))
    rig.start()
    with redis.clock(rate=100) as fault:
        assert fault.began is not None
        eventually(lambda: redis_time(redis) - time.time() > NEAR / 60)
        assert fault.sentence == "the clock of redis is 100 times as fast"
    assert is_near(redis_time(redis), 0)
    with redis.clock(offset=HOUR, rate=0.01):
        eventually(lambda: redis_time(redis) - time.time() < HOUR - 1)


def test_waits_last_as_long_as_they_should(rig: Rig) -> None:
    program = rig.add(python("waits", WAITS, own_clock=True, ready=ready.log("round")))
    rig.start()

    def rounds(offset: float, least: int = 3) -> list[dict[str, dict[str, float]]]:
        before = len(program.logs.text().splitlines())
        said = eventually(lambda: _lines(program, before, offset, least))
        return [json.loads(each) for each in said]

    for each in rounds(0):
        assert min(each["took"].values()) >= 0.02, each
    with program.clock(offset=HOUR):
        for each in rounds(HOUR):
            assert min(each["took"].values()) >= 0.02, each
    for each in rounds(0):
        assert min(each["took"].values()) >= 0.02, each
    with program.clock(rate=2):
        for each in rounds(0):  # a day of half the length ends so much earlier, and what is no time of day does not
            shorter = {"until a time of day", "semaphore", "condition of C"}
            assert min(took for name, took in each["took"].items() if name not in shorter) >= 0.02, each
            assert min(took for name, took in each["took"].items() if name in shorter) >= 0.01, each


def _lines(program: Instance, skipped: int, offset: float, least: int) -> list[str]:
    """What it has said, of rounds that began and ended at that time of day."""
    said = program.logs.text().splitlines()[skipped:]
    whole = [each for each in said if each.endswith("}}")]
    found = [each for each in whole if all(is_near(json.loads(each)[edge], offset) for edge in ("from", "to"))]
    return found if len(found) >= least else []


def test_what_is_started_meanwhile_has_it_too(rig: Rig) -> None:
    redis = rig.add(Redis(own_clock=True))
    rig.start()
    with redis.clock(offset=HOUR) as fault:
        redis.restart()
        assert is_near(redis_time(redis), HOUR)
    assert is_near(redis_time(redis), 0)
    assert "was started again; it is ready" in fault.healing_evidence


def test_without_an_effect_it_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis(own_clock=True))
    rig.start()
    monkeypatch.setattr(OwnClock, "set", lambda *_, **__: None)
    with pytest.raises(FaultWithoutEffect, match="to be told one from"):
        redis.clock(offset=HOUR).start()


def test_one_that_asks_nobody_is_not_said_to_be_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    idle = rig.add(python("idle", IDLE, own_clock=True, ready=ready.log("up")))
    rig.start()
    monkeypatch.setattr(clock, "_ASKS_WITHIN", 0.3)
    with pytest.raises(FaultWithoutEffect, match="it did not ask within"):
        idle.clock(offset=HOUR).start()
    assert is_near(float(idle.run(["date", "+%s"]).out), 0)
    assert idle._state.site.clock is not None
    assert idle._state.site.clock.told.times == 0  # what runs beside it is told, and proves nothing


def test_one_that_does_not_heal_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis(own_clock=True))
    rig.start()
    fault = redis.clock(offset=HOUR).start()
    with monkeypatch.context() as broken:
        broken.setattr(OwnClock, "set", lambda *_, **__: None)
        with pytest.raises(FaultNotHealed, match="the true time"):
            fault.heal()
    fault.heal()
    assert is_near(redis_time(redis), 0)


def test_what_is_written_in_go_can_be_told_nothing(rig: Rig) -> None:
    store = rig.add(VictoriaMetrics(own_clock=True))
    rig.start()
    with pytest.raises(Unavailable, match="asks the kernel itself"):
        store.clock(offset=HOUR).start()


def test_what_does_not_load_it_is_found(rig: Rig) -> None:
    started = Service(name="bare", command=["env", "-i", "sleep", "1000"], own_clock=True)
    bare = rig.add(started)
    rig.start()
    eventually(lambda: bare.pid and _command(bare.pid).startswith("sleep"))
    with pytest.raises(Unavailable, match="has not loaded what tells it the time"):
        bare.clock(offset=HOUR).start()


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def test_it_has_to_be_described_so(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with pytest.raises(UsageError, match="own_clock=True"):
        redis.clock(offset=HOUR).start()


def test_it_is_wrong_once(rig: Rig) -> None:
    redis = rig.add(Redis(own_clock=True))
    rig.start()
    with redis.clock(offset=HOUR):
        with pytest.raises(UsageError, match="wrong already"):
            redis.clock(rate=2).start()
        assert is_near(redis_time(redis), HOUR)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "needs to know what is wrong"),
        ({"rate": 0}, "rate"),
        ({"rate": 101}, "rate"),
        ({"rate": "fast"}, "rate"),
        ({"offset": -3e9}, "offset"),
        ({"offset": 1e12}, "offset"),
    ],
)
def test_a_clock_that_cannot_be(rig: Rig, wrong: dict[str, float], said: str) -> None:
    redis = rig.add(Redis(own_clock=True))
    with pytest.raises(UsageError, match=said):
        redis.clock(**wrong)


def test_a_description_says_yes_or_no() -> None:
    with pytest.raises(UsageError, match="own_clock=True"):
        Redis(own_clock="yes")  # type: ignore[arg-type]


def test_without_a_compiler_it_says_what_to_install(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_clock, "_COMPILERS", ())
    with pytest.raises(Unavailable, match=r"no C compiler(.|\n)*apt-get install gcc"):
        rig.add(Redis(own_clock=True))


def test_a_compiler_that_fails_is_quoted(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("this is no C")
    monkeypatch.setattr(own_clock, "_SOURCE", source)
    with pytest.raises(Unavailable, match=r"cannot build it: .*wrong\.c"):
        rig.add(Redis(own_clock=True))


def test_a_container_has_none(container_engine: str) -> None:
    del container_engine
    with Rig("clocks", runtime="docker") as rig, pytest.raises(Unavailable, match="run it as a process"):
        rig.add(Redis(own_clock=True))
