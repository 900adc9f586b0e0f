"""Paused: stopped for as long as it lasts, proven by the kernel's word, and ready again afterwards."""

from __future__ import annotations

import os
import signal
import socket

import pytest
from support.programs import sleeper, web

from metricrig import Instance, Rig, UsageError
from metricrig._core.process_id import state_of
from metricrig.errors import FaultWithoutEffect
from metricrig.events import FaultBegan, FaultHealed
from metricrig.janitor.process_tree import descendants
from metricrig.lifecycle import stop
from metricrig.services import PostgreSQL, Redis

EVERY_RUNTIME = True


def answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(0.2)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        try:
            return bool(connection.recv(1))
        except TimeoutError:
            return False


def test_it_answers_nobody_and_then_all_is_well(rig: Rig, happened: list[object]) -> None:
    instance = rig.add(web())
    rig.start()
    with instance.paused() as paused:
        assert instance.state == "paused"
        assert not answers(instance.port)
        assert "is stopped" in paused.evidence
    assert instance.state == "ready"
    assert "it is ready" in paused.healing_evidence
    assert answers(instance.port)
    told = [event for event in happened if isinstance(event, FaultBegan | FaultHealed)]
    assert [(event.victim, event.kind) for event in told] == [("web", "paused")] * 2


@pytest.mark.process_only("the processes of a container are frozen, not stopped")
def test_all_processes_of_a_tree_are_stopped(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    with postgresql.paused():
        assert {state_of(pid) for pid in [postgresql.pid, *descendants(postgresql.pid)]} - {"Z"} == {"T"}
    assert postgresql.run(["psql", "-tAc", "SELECT 1"]).out.strip() == "1"


def test_one_that_was_not_stopped_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(stop, "pause", lambda _: None)
    with pytest.raises(FaultWithoutEffect, match="expected: each of its processes stopped"):
        redis.paused().start()
    assert list(rig._faults) == []
    assert not redis.provoked


def test_pausing_twice_is_a_mistake(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with redis.paused():
        with pytest.raises(UsageError, match="redis is paused already"):
            redis.paused().start()
        assert redis.state == "paused"


@pytest.mark.process_only("what an engine has frozen dies of no signal until it is thawed")
def test_one_that_dies_meanwhile_is_healed_by_that(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with redis.paused() as paused:
        os.kill(redis.pid, signal.SIGKILL)
        redis.wait_for_end()
    assert "nothing is left to heal: redis was killed by SIGKILL meanwhile" in paused.healing_evidence
    redis.start()
    assert redis.state == "ready"


def test_a_rig_that_is_closed_lets_it_go_on_first() -> None:
    with Rig("closing") as rig:
        redis = rig.add(Redis())
        rig.start()
        paused = redis.paused().start()
    assert not paused.in_force


def test_all_that_is_in_force_on_an_instance_is_healed_at_once(rig: Rig) -> None:
    redis, other = rig.add(Redis()), rig.add(Redis(), name="redis-2")
    rig.start()
    kept = other.paused().start()
    faults = [redis.paused().start(), redis.killed().start()]
    redis.heal()
    assert [each.in_force for each in faults] == [False, False]
    assert redis.state == "ready"
    assert kept.in_force
    kept.heal()


def test_what_does_not_run_cannot_be_paused(rig: Rig) -> None:
    redis = rig.add(Redis())
    with pytest.raises(UsageError, match="needs redis running"):
        redis.paused().start()


@pytest.mark.process_only("a probe of ours asks another process")
def test_who_needs_what_is_paused_too_heals_without_it(rig: Rig) -> None:
    """It is ready only with the other, whose own turn comes later."""
    redis = rig.add(Redis())
    link = rig.link(redis)

    def ready(_: Instance) -> bool:
        try:
            with socket.create_connection((link.host, link.port), 0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(100) == b"+PONG\r\n"
        except OSError:
            return False

    shop = rig.add(sleeper("shop").but(needs=[link], ready=ready))
    rig.start()
    with redis.paused(), shop.paused() as first:
        pass
    assert "not asked while this is in force: redis: paused" in first.healing_evidence
    with link.cut() as cut, shop.paused() as second:
        pass
    assert f"not asked while this is in force: {cut.name}" in second.healing_evidence
    with shop.paused() as third:
        pass
    assert "it is ready" in third.healing_evidence
