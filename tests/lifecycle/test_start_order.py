from __future__ import annotations

import pytest

from metricrig import UsageError
from metricrig.lifecycle.start_order import did_you_mean, sorter, stop_waves, with_needs

SHOP = {"shop": ["redis", "db"], "redis": [], "db": ["disk"], "disk": [], "other": []}


def test_what_needs_others_stops_before_them() -> None:
    waves = [sorted(wave) for wave in stop_waves(SHOP)]
    assert waves == [["shop"], ["db"], ["disk", "other", "redis"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["shop"], {"shop", "redis", "db", "disk"}),
        (["db"], {"db", "disk"}),
        (["other"], {"other"}),
        ([], set()),
    ],
)
def test_what_is_needed_comes_along(wanted: list[str], found: set[str]) -> None:
    assert with_needs(wanted, SHOP) == found


def test_a_circle_does_not_hang_the_search_for_needs() -> None:
    assert with_needs(["a"], {"a": ["b"], "b": ["a"]}) == {"a", "b"}


def test_a_circle_is_told_from_its_first_to_its_first() -> None:
    with pytest.raises(UsageError, match=r"circle: (a -> b -> a|b -> a -> b)"):
        sorter({"a": ["b"], "b": ["a"], "c": []})


def test_who_needs_himself_is_a_circle() -> None:
    with pytest.raises(UsageError, match="circle: a -> a"):
        sorter({"a": ["a"]})


def test_hints_name_the_nearest_or_all() -> None:
    assert did_you_mean("redsi", ["redis", "db"]) == "; did you mean 'redis'?"
    assert did_you_mean("x", ["redis", "db"]) == "; it has: redis, db"
    assert did_you_mean("x", []) == "; it has: nothing yet"
