"""Tools of the catalogue by name."""

from __future__ import annotations

import pytest

from metricrig import UsageError
from metricrig.load.requests.vegeta_tool import VEGETA
from metricrig.services import CATALOGUE, VICTORIA_METRICS
from metricrig.services.known_tools import all_tools, look_up, tool_names


def test_an_unknown_tool_comes_with_near_misses() -> None:
    assert look_up("victoria-metrics") is VICTORIA_METRICS
    with pytest.raises(UsageError, match=r"did you mean 'postgresql'"):
        look_up("postgres")
    with pytest.raises(UsageError, match=r"there are etcd, memcached"):
        look_up("zzz")


def test_the_driver_of_load_is_known_by_its_name() -> None:
    assert look_up("vegeta") is VEGETA
    assert VEGETA not in all_tools()


def test_names_are_known_without_importing_a_service() -> None:
    assert tool_names() == [tool.name for tool in all_tools()]
    assert len(tool_names()) == sum(bool(each.tool) for each in CATALOGUE)
