"""Handles on stores of series that all tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.suites import Runs

STORES = """
    import pytest

    @pytest.fixture(params=["victoriametrics", "prometheus"])
    def store(request):
        return request.getfixturevalue(request.param)

    @pytest.mark.parametrize("value", [1, 2])
    def test_own_data(store, value):
        assert len(store.query("orders_total").samples) == 0
        store.write("orders_total", value)
        assert store.query("sum(orders_total)") == {(): value}
        assert store.query("orders_total").one().value == value

    @pytest.mark.parametrize("age", [0, 3600, 30 * 86400])
    def test_any_time(store, age):
        moment = 1_700_000_000 - age
        store.write("orders_total", 7, at=moment)
        assert store.query("orders_total", at=moment) == {(): 7}

    def test_by_hand(victoriametrics, victoriametrics_server):
        victoriametrics.write("mine", 1)
        assert victoriametrics_server.query("mine").one().value == 1
"""


def test_two_tests_see_only_their_own_data_on_one_server(run: Runs) -> None:
    ran = run(test_stores=STORES)
    assert set(ran.outcomes().values()) == {"passed"}, ran.out
    assert ran.summary()[0].startswith("metricrig: 2 servers started in ")
    assert ran.summary()[0].endswith(", 11 isolated, no leaks")
