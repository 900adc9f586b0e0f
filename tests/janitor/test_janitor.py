"""The janitor itself: killed, and its records."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.programs import sleeper
from support.waiting import eventually

from metricrig import Rig, ServiceDied
from metricrig._core.process_id import ProcessId, boot_id, pid_namespace
from metricrig.janitor import found_rigs
from metricrig.janitor.client import janitor
from metricrig.janitor.errors import JanitorLost
from metricrig.janitor.protocol import MessageBuffer, encode

RECORD: dict[str, Any] = {"kept": False, "boot": "b", "owner": [1, 1], "pid_namespace": "n"}


@pytest.mark.parametrize(
    ("changes", "owner", "alive", "state"),
    [
        ({}, True, True, found_rigs.LIVE),
        ({}, True, False, found_rigs.LIVE),
        ({}, False, True, found_rigs.CLEANING),
        ({}, False, False, found_rigs.ORPHANED),
        ({"boot": "an earlier one"}, True, True, found_rigs.LOST),
        ({"owner": None}, False, True, found_rigs.REUSABLE),
        ({"owner": None}, False, False, found_rigs.ORPHANED),
        ({"owner": [1, 1], "pid_namespace": "a container's"}, False, False, found_rigs.ELSEWHERE),
        ({"kept": True}, False, False, found_rigs.KEPT),
    ],
)
def test_only_rigs_that_are_nobodys_are_reapable(changes: dict[str, Any], owner: bool, alive: bool, state: str) -> None:
    judged = found_rigs.judge({**RECORD, **changes}, boot="b", namespace="n", owner_alive=owner, janitor_alive=alive)
    assert judged == state
    assert (judged in found_rigs.REAPABLE) == (state in {found_rigs.ORPHANED, found_rigs.LOST})


def test_a_running_rig_is_on_record(rig: Rig) -> None:
    instance = rig.add(sleeper("s", ports={"p": 1}, ready=lambda _: True))
    rig.start()
    service = eventually(lambda: found_rigs.read(rig.directory).services)[0]
    found = found_rigs.read(rig.directory)
    assert (found.rig, found.state, found.owner) == (rig.id, found_rigs.LIVE, ProcessId.of(os.getpid()))
    assert (service.name, service.ports, service.process) == ("s", dict(instance.ports), ProcessId.of(instance.pid))
    assert service.alive
    instance.stop()
    eventually(lambda: not found_rigs.read(rig.directory).services)


def test_a_record_is_private(rig: Rig) -> None:
    path = eventually(lambda: next(iter(rig.directory.glob("rig.json")), None))
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600


def in_another_process(code: str, root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "METRICRIG_DATA": str(root)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


ORPHAN = """
import os, time
from metricrig import Rig, Service
from metricrig.janitor import found_rigs
from metricrig.janitor.client import janitor
rig = Rig("orphan")
forks = rig.add(Service(name="forks", command=["sh", "-c", "setsid sleep 1000 & sleep 1000"]))
rig.start()
while not found_rigs.read(rig.directory).services: time.sleep(0.001)
print(rig.directory, forks.pid, flush=True)
os.kill(janitor().pid, 9)
"""


def test_what_a_killed_janitor_leaves_can_be_reaped_and_live_rigs_are_left_alone(rig: Rig, tmp_path: Path) -> None:
    bystander = rig.add(sleeper())
    rig.start()
    done = in_another_process(ORPHAN + "os.kill(os.getpid(), 9)", tmp_path)
    directory, pid = Path(done.stdout.split()[0]), int(done.stdout.split()[1])
    assert Path(f"/proc/{pid}").exists()
    eventually(lambda: found_rigs.read(directory).state == found_rigs.ORPHANED)
    (found,) = found_rigs.find([directory.parent])
    reaped = found_rigs.reap(found)
    assert pid in reaped.killed
    assert len(reaped.killed) == 3
    assert reaped.failure is None
    assert not directory.exists()
    eventually(lambda: not any(ProcessId.of(each) and _running(each) for each in reaped.killed))
    assert bystander.state == "ready"
    assert _running(bystander.pid)


def test_a_reused_pid_is_not_killed(tmp_path: Path) -> None:
    """The record names this very pid, but another start time: it was somebody else."""
    with subprocess.Popen(["sleep", "100"]) as innocent:
        directory = tmp_path / "old-rig"
        directory.mkdir()
        service = {"name": "s", "process": [innocent.pid, 12345], "argv": [], "ports": {}}
        identity = {"rig": "old-rig", "owner": [innocent.pid, 12345], "janitor": None}
        here = {"boot": boot_id(), "owner": [1, 1], "pid_namespace": pid_namespace(), "kept": False, "made": 0}
        record = {**identity, **here, "services": {"1": service}}
        (directory / "rig.json").write_text(json.dumps(record))
        found = found_rigs.read(directory)
        assert found.state == found_rigs.ORPHANED
        assert not found.services[0].alive
        assert found_rigs.reap(found).killed == ()
        assert innocent.poll() is None
        innocent.kill()


def test_a_directory_without_a_record_is_nobodys_unless_somebody_is_just_making_or_removing_it(tmp_path: Path) -> None:
    """Its name says who: no age has to be guessed."""
    own, dead = ProcessId.of(os.getpid()), ProcessId(os.getpid(), 12345)
    assert own is not None
    nobody = found_rigs.ORPHANED
    for who, making, removing in [(own, found_rigs.LIVE, found_rigs.CLEANING), (dead, nobody, nobody)]:
        for what, state in [("making", making), ("removing", removing)]:
            directory = tmp_path / f".{what}-{who.pid}-{who.start}-my-rig-1"
            directory.mkdir()
            found = found_rigs.read(directory)
            assert (found.rig, found.state) == ("my-rig-1", state)
            directory.rmdir()


def test_what_an_older_version_makes_without_a_record_is_given_time(tmp_path: Path) -> None:
    (tmp_path / "complete").mkdir()
    assert found_rigs.read(tmp_path / "complete").state == found_rigs.LIVE
    os.utime(tmp_path / "complete", (1, 1))
    assert found_rigs.read(tmp_path / "complete").state == found_rigs.ORPHANED


def test_an_owner_whose_janitor_is_killed_is_told_and_cleans_up_himself(tmp_path: Path) -> None:
    code = (
        ORPHAN
        + """
from metricrig import ServiceDied
from metricrig.janitor.errors import JanitorLost
while forks.state != "died": time.sleep(0.001)
try: forks.wait(lambda _: False, within=30)
except ServiceDied as error: print(error)
try: rig.close()
except JanitorLost as error: print(error)
print("exists:", rig.directory.exists())
with Rig("next") as rig:
    rig.add(Service(name="s", command=["sleep", "1000"])); rig.start()
    print(rig)
"""
    )
    done = in_another_process(code, tmp_path)
    assert done.stderr == ""
    assert "forks was lost: its janitor is gone before waiting" in done.stdout
    assert "(status -9)" in done.stdout
    assert "exists: False" in done.stdout
    assert "s ready" in done.stdout
    assert not list(tmp_path.glob("*/*"))


def test_signals_that_are_meant_for_others_do_not_disturb_the_janitor(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
        os.kill(janitor().pid, number)
    instance.restart()
    assert instance.state == "ready"


def test_services_begin_with_the_usual_signals_whatever_the_test_process_ignores(tmp_path: Path) -> None:
    """As it does under nohup, and as a background job of a shell."""
    code = """
import signal
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1): signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
from metricrig import Rig, Service
with Rig("ignoring") as rig:
    instance = rig.add(Service(name="s", command=["sleep", "1000"])); rig.start()
    print(open(f"/proc/{instance.pid}/status").read())
"""
    status = in_another_process(code, tmp_path).stdout.splitlines()
    masks = {line.split(":")[0]: int(line.split()[1], 16) for line in status if line.startswith(("SigIgn", "SigBlk"))}
    ours = sum(1 << (number - 1) for number in signal.valid_signals())  # the C library keeps two for itself
    assert {name: mask & ours for name, mask in masks.items()} == {"SigIgn": 0, "SigBlk": 0}


def test_messages_survive_being_cut_anywhere() -> None:
    reading, writing = os.pipe()
    inbox = MessageBuffer(reading)
    data = encode({"op": "a", "n": [1, 2]}) + encode({"op": "b"})
    seen = []
    for number in range(len(data)):
        os.write(writing, data[number : number + 1])
        seen += inbox.receive() or []
    assert seen == [{"op": "a", "n": [1, 2]}, {"op": "b"}]
    os.close(writing)
    assert inbox.receive() is None
    os.close(reading)


def test_a_lost_janitor_is_its_own_error() -> None:
    assert not issubclass(JanitorLost, ServiceDied)


def _running(pid: int) -> bool:
    identity = ProcessId.of(pid)
    return identity is not None and identity.alive


def test_a_record_that_was_being_written_when_its_maker_was_killed_is_nobodys(tmp_path: Path) -> None:
    """A complete directory with such a record stays damaged: somebody else has written into it."""
    with subprocess.Popen(["true"]) as maker:
        begun = tmp_path / f".making-{maker.pid}-1-rig-1"
    for directory in (begun, tmp_path / "rig-2"):
        directory.mkdir(mode=0o700)
        (directory / "rig.json").write_text("")
    assert found_rigs.read(begun).state == found_rigs.ORPHANED
    assert found_rigs.read(tmp_path / "rig-2").state == found_rigs.DAMAGED
    assert found_rigs.reap(found_rigs.read(begun)).failure is None
    assert not begun.exists()


OPENING = """
import os, sys, threading
from metricrig import Rig
from metricrig.janitor.client import janitor
print(janitor().pid, flush=True)
def open_and_close():
    while True: Rig("opened").close()
threads = [threading.Thread(target=open_and_close) for _ in range(4)]
for each in threads: each.start()
"""


def test_a_kill_of_both_at_any_moment_leaves_no_directory_of_which_nobody_knows_whose_it_is(tmp_path: Path) -> None:
    """Rigs are being made and removed: each that is left is nobody's at once, and goes."""
    chance = random.Random(20240101)
    for _ in range(10):
        environment = {**os.environ, "METRICRIG_DATA": str(tmp_path)}
        with subprocess.Popen(
            [sys.executable, "-c", OPENING], env=environment, stdout=subprocess.PIPE, text=True
        ) as owner:
            assert owner.stdout is not None
            pid = int(owner.stdout.readline())
            with contextlib.suppress(subprocess.TimeoutExpired):
                owner.wait(chance.uniform(0.05, 0.3))
            os.kill(pid, signal.SIGKILL)
            owner.kill()
        eventually(lambda pid=pid: not _running(pid))  # type: ignore[misc]
        found = found_rigs.find(tmp_path.glob("metricrig-*"))
        assert {each.state for each in found} <= found_rigs.REAPABLE
        assert [found_rigs.reap(each).failure for each in found] == [None] * len(found)
        assert not list(tmp_path.glob("metricrig-*/*"))
