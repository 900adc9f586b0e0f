"""Links: where they are, what is done to them as those feel it who go that way, and that nobody can be fooled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.waiting import eventually

from metricrig import Rig, UsageError
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.links.connection_fault import ConnectionFault
from metricrig.faults.links.link import Link
from metricrig.relay.policy import Policy
from metricrig.relay.route import Route
from metricrig.services import Redis

KINDS: dict[str, Callable[[Link], ConnectionFault]] = {
    "cut": lambda link: link.cut(),
    "cut a share": lambda link: link.cut(share=0.3, seed=7),
    "refuse": lambda link: link.refuse(),
    "refuse a share": lambda link: link.refuse(share=0.3),
    "stall": lambda link: link.stall(),
    "stall up": lambda link: link.stall(direction="up"),
    "stall down": lambda link: link.stall(direction="down", share=0.5),
    "half open": lambda link: link.half_open(),
    "half open up": lambda link: link.half_open(direction="up"),
    "latency": lambda link: link.slow(latency=0.03),
    "long latency": lambda link: link.slow(latency=5),
    "jitter": lambda link: link.slow(jitter=0.02),
    "latency and jitter": lambda link: link.slow(latency=0.05, jitter=0.01, direction="down"),
    "rate": lambda link: link.slow(rate=100_000),
    "low rate": lambda link: link.slow(rate=1, direction="up"),
    "slow close": lambda link: link.slow(slow_close=0.1),
    "all that is slow": lambda link: link.slow(latency=0.02, jitter=0.005, rate=1_000_000, slow_close=0.05),
    "limit": lambda link: link.limit(bytes=1000),
    "limit to nothing": lambda link: link.limit(bytes=0, direction="down"),
    "reset after bytes": lambda link: link.reset_after(bytes=100_000),
    "reset after seconds": lambda link: link.reset_after(seconds=0.02),
    "reset much later": lambda link: link.reset_after(seconds=60),
    "split": lambda link: link.split(bytes=16),
    "corrupt": lambda link: link.corrupt(one_in=100, seed=3),
    "corrupt little": lambda link: link.corrupt(one_in=1_000_000, direction="up"),
}
UNSEEN = {"reset much later"}
"""What nobody can feel before its time: the policy has it, which is all that is known."""


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig("links") as made:
        made.add(Redis())
        yield made


@pytest.fixture
def link(rig: Rig) -> Link:
    """To a service that does not run: whether a fault bites does not depend on that."""
    return rig.link("redis")


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_is_proven_to_bite_and_to_have_healed(link: Link, kind: str) -> None:
    fault = KINDS[kind](link)
    for _ in range(2):
        with fault:
            assert fault.evidence
            assert link.route.policy.named(fault._effect)
        assert fault.healing_evidence
        assert not link.route.policy.named(fault._effect)
    assert link.counts.accepted == 0  # proofs are nobody's connections
    eventually(lambda: link.counts.open == 0)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - UNSEEN))
def test_a_fault_that_does_nothing_is_an_error(link: Link, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "put", lambda *_: None)
    monkeypatch.setattr("metricrig.faults.links.witness.ANSWER_SECONDS", 1.0)
    with pytest.raises(FaultWithoutEffect):
        KINDS[kind](link).start()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_that_stays_is_an_error(link: Link, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the relay says that it is gone."""
    fault = KINDS[kind](link).start()
    taken: list[Any] = []
    with monkeypatch.context() as patched:
        for module in ("witness.ANSWER_SECONDS", "link_slowness.HEALED_SECONDS", "link_bytes.HEALED_SECONDS"):
            patched.setattr(f"metricrig.faults.links.{module}", 1.0)
        patched.setattr(Route, "take", taken.append)
        with pytest.raises(FaultNotHealed, match="it is out of the link's policy"):
            fault.heal()
        if kind not in UNSEEN:
            patched.setattr(Route, "policy", Policy())
            with pytest.raises(FaultNotHealed) as told:
                fault.heal()
            assert "policy" not in str(told.value)
    assert fault.in_force
    assert taken
    fault.heal()
    assert not fault.in_force


def test_several_at_once(link: Link) -> None:
    with link.slow(latency=0.01), link.split(bytes=100), link.corrupt(one_in=50), link.cut() as cut:
        assert "reset" in cut.evidence
        with link.stall() as stall:
            assert "while cut-" in stall.evidence
    assert link.route.policy.up == ()


def test_wrong_calls_are_refused_with_the_right_ones(rig: Rig, link: Link) -> None:
    wrong: list[tuple[Callable[[], Any], str]] = [
        (lambda: link.stall(direction="left"), 'direction="up"'),  # type: ignore[arg-type]
        (lambda: link.cut(share=30), "share=0.3"),
        (link.slow, "how slow"),
        (lambda: link.slow(rate=0), "link.stall()"),
        (link.reset_after, "after what"),
        (lambda: link.split(bytes=0), "bytes=16"),
        (lambda: link.corrupt(one_in=0), "one_in=1000"),
        (lambda: rig.link("reddis"), "did you mean 'redis'"),
        (lambda: rig.link(Redis()), "rig.link takes an instance"),  # type: ignore[call-overload]
        (lambda: rig.link("redis", port="http"), "no port is named 'http'"),
        (lambda: rig.link("redis", name=link.name), "a name of its own"),
    ]
    for call, right in wrong:
        with pytest.raises(UsageError, match=right.replace("(", r"\(").replace(")", r"\)")):
            call()
