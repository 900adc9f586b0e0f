"""What the effects decide for the next bytes of a connection: when, how many, and whether that is the end."""

from __future__ import annotations

from math import inf

import pytest

from metricrig.relay.effects import Delay, Effect, Hold, Quota, Rate, Reset, Slicing, SlowClose, Swallow
from metricrig.relay.server.gate import CLOSED, RESET, Beginnings, Gate


def gate(*effects: Effect, now: float = 100.0, passed: int = 0) -> Gate:
    begun = Beginnings()
    begun.exchange(effects, now, passed)
    return Gate(effects, 1, begun)


A = "a"


@pytest.mark.parametrize(
    ("effects", "when", "size"),
    [
        ([], 100.0, 1000),
        ([Hold(name=A)], inf, 0),
        ([Delay(name=A, latency=2)], 102.0, 1000),
        ([Delay(name=A, latency=2), Delay(name="b", latency=3)], 105.0, 1000),
        ([Slicing(name=A, size=16), Slicing(name="b", size=10)], 100.0, 10),
        ([Rate(name=A, bytes_per_second=100), Rate(name="b", bytes_per_second=1000)], 100.02, 2),
        ([Rate(name=A, bytes_per_second=0)], inf, 0),
        ([Quota(name=A, limit=300), Quota(name="b", limit=400)], 100.0, 300),
        ([Reset(name=A, after_bytes=7)], 100.0, 7),
        ([Quota(name=A, limit=0)], 100.0, 0),
        ([Delay(name=A, latency=1), Hold(name=A)], inf, 0),
    ],
)
def test_the_next_piece(effects: list[Effect], when: float, size: int) -> None:
    found = gate(*effects).next_piece(100.0, count=1, size=1000, passed=0)
    assert found[0] == pytest.approx(when)
    assert found[1] == size


def test_a_rate_is_kept_over_many_pieces() -> None:
    slow, now, sent = gate(Rate(name=A, bytes_per_second=1000)), 100.0, 0
    while sent < 500:
        when, size = slow.next_piece(100.0, count=1, size=500 - sent, passed=sent)
        now = max(now, when)
        slow.has_passed(when, now)
        sent += size
    assert now == pytest.approx(100.5)


def test_what_counts_begins_when_the_effect_does() -> None:
    assert gate(Quota(name=A, limit=10), passed=90).next_piece(100.0, 1, 50, passed=95) == (100.0, 5)
    assert gate(Quota(name=A, limit=10), passed=90).end_after(99) is None
    assert gate(Quota(name=A, limit=10), passed=90).end_after(100) == CLOSED
    assert gate(Reset(name=A, after_bytes=10), passed=90).end_after(100) == RESET
    assert gate(Reset(name=A, after_seconds=2), now=100.0).deadlines == [(102.0, RESET)]
    assert gate(Swallow(name=A, close_after=3), now=100.0).deadlines == [(103.0, CLOSED)]


def test_what_goes_on_when_others_come_and_go_counts_from_where_it_was() -> None:
    begun, quota = Beginnings(), Quota(name=A, limit=10)
    begun.exchange([quota], 100.0, 0)
    begun.exchange([quota, Hold(name="b")], 101.0, 4)
    assert Gate([quota], 1, begun).end_after(10) == CLOSED
    begun.exchange([], 102.0, 5)
    begun.exchange([quota], 103.0, 6)
    assert Gate([quota], 1, begun).end_after(10) is None


def test_a_reset_may_wait_for_the_first_byte() -> None:
    waiting = gate(Reset(name=A, after_seconds=2, from_first_byte=True))
    assert waiting.deadlines == []
    waiting.something_came(110.0)
    waiting.something_came(111.0)
    assert waiting.deadlines == [(112.0, RESET)]


def test_ends_are_late_and_held_as_bytes_are() -> None:
    assert gate().end_passes_at(100.0, 1) == 100.0
    assert gate(SlowClose(name=A, seconds=3), Delay(name=A, latency=1)).end_passes_at(100.0, 1) == 104.0
    assert gate(Hold(name=A)).end_passes_at(100.0, 1) == inf
    assert gate(Swallow(name=A)).end_passes_at(100.0, 1) == inf


def test_jitter_is_on_both_sides_and_reproduced() -> None:
    jittery = [gate(Delay(name=A, latency=1, jitter=0.5, seed=3)).next_piece(0.0, n, 1, 0)[0] for n in range(200)]
    assert min(jittery) < 0.6
    assert max(jittery) > 1.4
    assert all(0.5 <= each <= 1.5 for each in jittery)
    assert jittery == [
        gate(Delay(name=A, latency=1, jitter=0.5, seed=3)).next_piece(0.0, n, 1, 0)[0] for n in range(200)
    ]
