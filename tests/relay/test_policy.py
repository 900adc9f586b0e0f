"""Policies and effects: data that is exchanged as a whole, and comes through a message as it was."""

from __future__ import annotations

import json

import pytest

from metricrig.relay.chance import chance, mixed
from metricrig.relay.effects import (
    KINDS,
    Corruption,
    Delay,
    Duplication,
    Effect,
    Hold,
    Loss,
    Quota,
    Rate,
    Reordering,
    Reset,
    ShutDoor,
    Slicing,
    SlowClose,
    Swallow,
    effect_of,
)
from metricrig.relay.policy import DOOR, DOWN, UP, Policy, policy_of

EVERY_KIND: list[Effect] = [
    Hold(name="x"),
    Swallow(name="x", close_after=1.5, close_all=True),
    Delay(name="x", latency=0.1, jitter=0.05, share=0.3, seed=7),
    Rate(name="x", bytes_per_second=64_000),
    SlowClose(name="x", seconds=2),
    Slicing(name="x", size=16, variation=4, pause=0.01),
    Quota(name="x", limit=1000),
    Reset(name="x", after_bytes=10),
    Corruption(name="x", one_in=1000),
    ShutDoor(name="x", reset_open=True),
    Loss(name="x", share=0.1),
    Duplication(name="x"),
    Reordering(name="x"),
]


def test_every_kind_comes_through_a_message_as_it_was() -> None:
    assert {type(each).__name__ for each in EVERY_KIND} == set(KINDS)
    for each in EVERY_KIND:
        assert effect_of(json.loads(json.dumps(each.as_data()))) == each


def test_a_policy_is_never_changed_only_exchanged() -> None:
    first = Policy()
    second = first.put(UP, Hold(name="stall")).put(DOWN, Hold(name="stall")).put(DOOR, ShutDoor(name="cut"))
    assert first == Policy()
    assert second.named("stall") == [(UP, Hold(name="stall")), (DOWN, Hold(name="stall"))]
    assert policy_of(json.loads(json.dumps(second.as_data()))) == second
    assert second.without("stall") == Policy(door=(ShutDoor(name="cut"),))
    assert second.without("other") == second


def test_an_effect_takes_the_place_of_the_one_of_its_name_and_kind() -> None:
    slow, rate, cut = Delay(name="slow", latency=1), Rate(name="slow", bytes_per_second=1), Hold(name="stall")
    policy = Policy().put(UP, slow).put(UP, cut).put(UP, rate).put(UP, Delay(name="slow", latency=2))
    assert policy.up == (Delay(name="slow", latency=2), cut, rate)
    assert policy.without("slow").up == (cut,)


@pytest.mark.parametrize(
    ("place", "effect"), [(DOOR, Hold(name="x")), (UP, ShutDoor(name="x")), ("left", Hold(name="x"))]
)
def test_an_effect_has_its_place(place: str, effect: Effect) -> None:
    with pytest.raises(ValueError, match=r"has no place|effects are at"):
        Policy().put(place, effect)


def test_chance_is_the_same_on_every_machine() -> None:
    """Seeds are written down, and have to mean the same in a year."""
    assert mixed(0, 0) == 0xE220A8397B1DCDAF  # the first number of splitmix64 for the seed 0
    assert all(0 <= chance(seed, number) < 1 for seed in (-1, 0, 1 << 70) for number in range(100))
    chosen = [number for number in range(1, 21) if ShutDoor(name="x", share=0.3, seed=7).concerns(number)]
    assert chosen == [1, 5, 8, 10]


def test_a_share_is_about_that_share_and_every_seed_has_another_one() -> None:
    def chosen(seed: int) -> set[int]:
        effect = ShutDoor(name="x", share=0.3, seed=seed)
        return {number for number in range(1, 10_001) if effect.concerns(number)}

    assert 2800 < len(chosen(1)) < 3200
    assert len(chosen(1) & chosen(2)) < 1200
    assert Hold(name="x").concerns(1)


def test_corruption_changes_one_byte_in_each_so_many_however_they_are_cut() -> None:
    corruption, data = Corruption(name="x", one_in=100, seed=3), bytes(range(250)) * 4
    whole = corruption.altered(data, number=5, passed=0)
    assert [
        sum(a != b for a, b in zip(whole[n : n + 100], data[n : n + 100], strict=True)) for n in range(0, 1000, 100)
    ] == [1] * 10
    pieces = b"".join(corruption.altered(data[at : at + 7], number=5, passed=at) for at in range(0, len(data), 7))
    assert pieces == whole
    assert corruption.altered(data, number=6, passed=0) != whole
