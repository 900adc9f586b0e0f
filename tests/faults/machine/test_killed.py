"""Killed: gone at once or while the test does other things, and started again at the latest when it is healed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import web
from support.waiting import eventually

from metricrig import Rig
from metricrig.errors import FaultWithoutEffect
from metricrig.events import ServiceDiedUnasked
from metricrig.lifecycle import stop
from metricrig.services import Redis

EVERY_RUNTIME = True


def test_it_is_gone_within_the_block_and_ready_after_it(rig: Rig, happened: list[object]) -> None:
    instance = rig.add(web())
    rig.start()
    pid = instance.pid
    with instance.killed() as killed:
        assert not Path(f"/proc/{pid}").exists()
        assert instance.state == "stopped"
        assert f"pid {pid} is gone" in killed.evidence
    assert instance.state == "ready"
    assert instance.pid != pid
    assert "runs in its place" in killed.healing_evidence
    assert not [event for event in happened if isinstance(event, ServiceDiedUnasked)]


def test_it_is_started_again_while_the_block_goes_on(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    pid = redis.pid
    with redis.killed(again_after=0.1) as killed:
        eventually(lambda: redis.state == "ready")
        now = redis.pid
        assert now != pid
    assert redis.pid == now
    assert killed.sentence == "redis is killed, and started again 0.1 s later"


def test_it_is_killed_while_the_test_does_other_things(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    pid = redis.pid
    with redis.killed(after=0.1) as killed:
        assert killed.evidence == f"pid {pid} is to be killed in 0.1 s"
        eventually(lambda: killed.killed)
        assert not Path(f"/proc/{pid}").exists()
    assert redis.state == "ready"


def test_a_block_that_ends_before_the_kill_is_an_error(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    pid = redis.pid
    killed = redis.killed(after=3600).start()
    with pytest.raises(FaultWithoutEffect, match="seen: the fault was healed before that"):
        killed.heal()
    assert redis.pid == pid
    assert not killed.in_force
    killed.heal()


def test_one_that_still_runs_was_not_killed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(stop, "kill", lambda _: None)
    with pytest.raises(FaultWithoutEffect, match="expected: its process gone"):
        redis.killed().start()
    assert redis.state == "ready"


def test_the_test_may_start_it_itself(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with redis.killed():
        redis.start()
        now = redis.pid
    assert redis.pid == now
