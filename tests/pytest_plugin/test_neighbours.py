"""A change on a shared server that counts what other workers' tests did: the failure says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_plugin.test_failure_report import CONFTEST, SHOP

if TYPE_CHECKING:
    from support.suites import Runs

TESTS = """
    import time
    import urllib.request
    from pathlib import Path
    from metricrig import metric

    def order(shop):
        urllib.request.urlopen(f"{shop.url}/order").close()

    def meet(name, other):
        Path(__file__).with_name(name).touch()
        end = time.monotonic() + 30
        while not Path(__file__).with_name(other).exists():
            assert time.monotonic() < end, f"no {other}"
            time.sleep(0.01)

    def test_counts(shop):
        with shop.metrics.change(metric("orders_total")) as orders:
            order(shop)
            meet("counting", "ordered")
        assert orders == 1

    def test_orders(SHOP):
        meet("ordering", "counting")
        ORDER
        meet("ordered", "counting")
"""


def section(run: Runs, shop: str, order: str) -> str:
    tests = TESTS.replace("SHOP", shop).replace("ORDER", order)
    if not shop:  # nobody else orders: the test is wrong by itself
        tests = tests.replace("orders == 1", "orders == 7")
    ran = run("-p", "xdist.plugin", "-n", "2", shop=SHOP, conftest=CONFTEST, test_it=tests)
    assert ran.outcomes() == {"test_counts": "failed", "test_orders": "passed"}, ran.out
    return ran.sections("test_counts").get("shop is shared", "")


def test_what_others_did_is_suspected_where_others_were_there(run: Runs) -> None:
    assert "give each worker one of its own: service(..., shared=False)" in section(run, "shop", "order(shop)")


def test_nobody_is_suspected_who_was_not_there(run: Runs) -> None:
    assert not section(run, "", "pass")
