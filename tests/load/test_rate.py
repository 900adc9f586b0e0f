"""The moments at which calls are due."""

from __future__ import annotations

from itertools import islice, pairwise, takewhile

import pytest

from metricrig import UsageError, load
from metricrig.load.rate import Rate, rate_of


def moments(rate: Rate, until: float) -> list[float]:
    return list(takewhile(lambda each: each < until, rate.moments()))


def test_an_even_rate_is_computed_and_not_added_up() -> None:
    assert list(islice(rate_of("test", 3).moments(), 100_000))[99_999] == 99_999 / 3


def test_a_ramp_has_as_many_calls_as_its_area() -> None:
    found = moments(load.ramp(0, 100, over="10s"), 10)
    assert len(found) == 500
    assert len([each for each in found if each < 5]) == 125
    assert all(later > earlier for earlier, later in pairwise(found))


def test_a_ramp_down_and_what_comes_after_it() -> None:
    rate = load.ramp(100, 0, over=10)
    assert len(moments(rate, 10)) == 500
    assert len(list(rate.moments())) == 500
    assert len(moments(load.ramp(10, 50, over="2s"), 3)) == 60 + 50


def test_steps_each_take_their_time() -> None:
    found = moments(load.steps(10, 0, 20, every="1s"), 4)
    assert [sum(second <= each < second + 1 for each in found) for second in range(4)] == [10, 0, 20, 20]


def test_arrivals_by_chance_are_the_same_with_the_same_seed() -> None:
    found = moments(load.poisson(100, seed=7), 100)
    assert found == moments(load.poisson(100, seed=7), 100)
    assert found != moments(load.poisson(100, seed=8), 100)
    assert 9_500 < len(found) < 10_500
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert 0.35 < sum(each > 0.01 for each in gaps) / len(gaps) < 0.39, "one in e is longer than the average"


def test_chance_follows_a_ramp() -> None:
    found = moments(load.poisson(load.ramp(0, 200, over="10s"), seed=1), 10)
    assert 900 < len(found) < 1100
    assert 200 < len([each for each in found if each < 5]) < 300


@pytest.mark.parametrize("rate", [0, -1, float("nan"), "200", True, 2e6])
def test_what_is_no_rate_is_refused(rate: object) -> None:
    with pytest.raises(UsageError, match="rate="):
        rate_of("test", rate)


def test_a_rate_says_what_it_is() -> None:
    assert str(load.poisson(load.ramp(1, 5, over="2s"), seed=3)) == "1/s…5/s over 2 s, then 5/s, by chance with seed 3"
