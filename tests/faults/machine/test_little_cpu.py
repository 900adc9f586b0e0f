"""Little CPU: stopped and let go on in turns by a process that leaves nothing stopped, whatever ends it."""

from __future__ import annotations

import os
import signal

import pytest
from support.programs import python
from support.waiting import eventually

from metricrig import Rig, UsageError, ready
from metricrig._core.process_id import ProcessId, state_of
from metricrig.errors import FaultWithoutEffect
from metricrig.faults.machine import little_cpu
from metricrig.faults.machine.cpu_group import CpuGroup
from metricrig.services import Redis

EVERY_RUNTIME = True

BUSY = "print('up')\nwhile True: pass"


@pytest.fixture(autouse=True)
def no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no control group can be made."""
    monkeypatch.setattr(CpuGroup, "made", lambda *_, **__: None)


def test_it_runs_in_turns_and_then_all_the_time(rig: Rig) -> None:
    busy = rig.add(python("busy", BUSY, ready=ready.log("up")))
    rig.start()
    with busy.little_cpu(0.5) as fault:
        eventually(lambda: state_of(busy.pid) == "T")
        eventually(lambda: state_of(busy.pid) == "R")
        assert "stopped 50% of the time, by SIGSTOP and SIGCONT" in fault.evidence
    assert state_of(busy.pid) == "R"
    assert busy._state.cycles == []


def test_a_cycle_that_is_killed_leaves_nothing_stopped_after_healing(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with redis.little_cpu(0.01):
        cycle = redis._state.cycles[0]
        eventually(lambda: state_of(redis.pid) == "T")
        os.kill(cycle.pid, signal.SIGKILL)
    assert redis.state == "ready"
    assert state_of(redis.pid) != "T"


@pytest.mark.process_only("an engine freezes what it pauses, whatever is stopped in it")
def test_what_is_paused_meanwhile_stays_so(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    cpu = redis.little_cpu(0.5).start()
    with redis.paused():
        cpu.heal()
        assert state_of(redis.pid) == "T"
    assert state_of(redis.pid) != "T"
    with redis.little_cpu(0.5) as again:
        with redis.paused():
            assert state_of(redis._state.cycles[0].pid) == "T"
        eventually(lambda: state_of(redis._state.cycles[0].pid) != "T")
        assert again.in_force


def test_without_a_cycle_it_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(little_cpu, "_SEEN_WITHIN", 0.5)
    monkeypatch.setattr(little_cpu, "_PROGRAM", os.devnull)
    with pytest.raises(FaultWithoutEffect, match="stopped, and running, in turns"):
        redis.little_cpu().start()
    assert redis._state.cycles == []


def test_a_cycle_ends_with_its_victim(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with redis.little_cpu():
        cycle = ProcessId.of(redis._state.cycles[0].pid)
        redis.kill()
        eventually(lambda: cycle is None or not cycle.alive)


@pytest.mark.parametrize("share", [0, 1, -1, 2, "half"])
def test_a_share_is_a_part_of_the_time(rig: Rig, share: float) -> None:
    redis = rig.add(Redis())
    with pytest.raises(UsageError, match="share"):
        redis.little_cpu(share)
