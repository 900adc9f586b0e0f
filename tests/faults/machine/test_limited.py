"""Limits of files and memory: what asks for more is refused by the kernel, and what it had it gets back."""

from __future__ import annotations

import contextlib
import re
import urllib.request

import pytest
from support.programs import python
from support.waiting import eventually

from metricrig import Rig
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import limits
from metricrig.janitor.process_tree import descendants
from metricrig.services import PostgreSQL, Redis

EVERY_RUNTIME = True

OPENS = """
class Opening(Quiet):
    def do_GET(self):
        try:
            open("/dev/null").close(); said = b"opened"
        except OSError as error:
            said = str(error).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(said)

http.server.HTTPServer((HOST, int(sys.argv[1])), Opening).serve_forever()
"""
TAKES = """
class Taking(Quiet):
    def do_GET(self):
        try:
            bytearray(64 << 20); said = b"taken"
        except MemoryError:
            said = b"no memory"
        self.send_response(200); self.end_headers(); self.wfile.write(said)

http.server.HTTPServer((HOST, int(sys.argv[1])), Taking).serve_forever()
"""


def soft_limits(pid: int) -> set[int]:
    found = set()
    for each in (pid, *descendants(pid)):
        with contextlib.suppress(FileNotFoundError):  # a worker has ended since
            found.add(limits.limits_of(each, limits.OPEN_FILES)[0])
    return found


def said(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def test_opening_a_file_fails_and_then_works_again(rig: Rig) -> None:
    opening = rig.add(python("opening", OPENS, "{port}", ports={"http": 80}))
    rig.start()
    assert said(opening.url) == "opened"
    free = 4  # after the three usual ones and the one that listens
    eventually(lambda: limits.lowest_free_descriptor(opening.pid) == free)
    with opening.no_open_files(free + 1) as fault:  # one for the connection that asks
        assert "Too many open files" in said(opening.url)
        assert f"may have {free + 1} open files" in fault.evidence
    assert said(opening.url) == "opened"
    assert "again" in fault.healing_evidence


def test_without_a_number_nothing_more_can_be_opened(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    before = limits.limits_of(redis.pid, limits.OPEN_FILES)
    with redis.no_open_files() as fault:
        assert "it gets no more" in fault.evidence
        may = limits.limits_of(redis.pid, limits.OPEN_FILES)[0]
        assert 0 <= may - limits.lowest_free_descriptor(redis.pid) <= 1  # the probe's connection may have ended since
    assert limits.limits_of(redis.pid, limits.OPEN_FILES) == before


def test_all_processes_of_a_tree_are_limited_whoever_they_run_as(rig: Rig) -> None:
    """PostgreSQL runs as somebody else where the tests run as root, and root may lack the power over him."""
    postgresql = rig.add(PostgreSQL())
    rig.start()
    before = limits.limits_of(postgresql.pid, limits.OPEN_FILES)[0]
    with postgresql.no_open_files(30) as fault:
        assert soft_limits(postgresql.pid) == {30}
        assert re.search(r"and \d+ below it likewise", fault.evidence)
    assert soft_limits(postgresql.pid) == {before}


def test_memory_is_refused_and_then_given_again(rig: Rig) -> None:
    taking = rig.add(python("taking", TAKES, "{port}", ports={"http": 80}))
    rig.start()
    assert said(taking.url) == "taken"
    with taking.little_memory("32MB") as fault:
        assert said(taking.url) == "no memory"
        assert "30.5 MiB of memory" in fault.evidence
    assert said(taking.url) == "taken"


@pytest.mark.parametrize("name", ["no_open_files", "little_memory"])
def test_a_limit_that_was_not_set_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(limits, "set_soft_limit", lambda *_: None)
    with pytest.raises(FaultWithoutEffect, match="its limit is"):
        getattr(redis, name)().start()


def test_a_limit_above_what_it_may_have_is_no_fault(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    may, _ = limits.limits_of(redis.pid, limits.OPEN_FILES)
    with pytest.raises(FaultWithoutEffect, match="a limit that is lower"):
        redis.no_open_files(may).start()
    assert limits.limits_of(redis.pid, limits.OPEN_FILES)[0] == may


def test_a_limit_that_stays_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    fault = redis.no_open_files().start()
    with monkeypatch.context() as patched:
        patched.setattr(limits, "set_soft_limit", lambda *_: None)
        with pytest.raises(FaultNotHealed, match="to have its limit back"):
            fault.heal()
    fault.heal()


def test_it_is_asked_whether_it_is_ready_when_nothing_is_in_force_any_more(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    files = redis.no_open_files().start()
    with redis.paused() as paused:
        pass
    assert "not asked while this is in force: redis: no open files" in paused.healing_evidence
    files.heal()
    assert "it is ready" in files.healing_evidence


def test_one_that_dies_of_it_is_no_accident(rig: Rig) -> None:
    """A child is born within the fault; the whole dies: the healing says so."""
    taking = rig.add(python("taking", TAKES, "{port}", ports={"http": 80}))
    rig.start()
    with taking.little_memory() as fault:
        assert taking.provoked
        taking.signal(9)
        eventually(lambda: taking.ended)
    assert "nothing is left to heal: taking was killed by SIGKILL" in fault.healing_evidence
    assert taking.provoked
