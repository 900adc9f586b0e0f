"""Whatever has ever shown a defect in a reader of foreign data, and what sound data looks like."""

from __future__ import annotations

import random

import pytest
from fuzz.mutation import mutated
from fuzz.targets import CORPUS, TARGETS, Target

BY_NAME = {each.name: each for each in TARGETS}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_reader_takes_what_it_has_been_found_with(name: str) -> None:
    for data in BY_NAME[name].inputs():
        BY_NAME[name].try_one(data)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_reader_takes_what_is_almost_sound(name: str) -> None:
    """A few of the inputs that ``make fuzz`` tries for long, always the same."""
    target, chance = BY_NAME[name], random.Random(name)
    inputs = target.inputs()
    for _ in range(50):
        target.try_one(mutated(inputs, chance))


def test_the_corpus_belongs_to_targets() -> None:
    assert {each.name for each in CORPUS.iterdir()} <= {*BY_NAME}


def test_an_error_that_a_reader_may_not_raise_is_one() -> None:
    def bad(_: bytes) -> None:
        raise KeyError("metric")

    with pytest.raises(KeyError):
        Target(name="bad", read=bad, allowed=(ValueError,), seeds=()).try_one(b"")
