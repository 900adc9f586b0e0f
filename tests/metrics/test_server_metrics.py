"""Metrics of services in a rig: read, waited for, written and asked."""

from __future__ import annotations

import signal
import threading

import pytest
from support.programs import python, web

from metricrig import (
    DeadlineExceeded,
    Instance,
    Rig,
    ServiceDied,
    StartFailed,
    Timeline,
    UsageError,
    metric,
    ready,
    wait_for,
)
from metricrig.services import Prometheus, PrometheusInstance, VictoriaMetrics, VictoriaMetricsInstance

SHOP = """
orders = {"ok": 0, "bad": 0}

class Shop(Quiet):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        if self.path.startswith("/buy/"):
            orders[self.path[5:]] += 1
        lines = ['orders_total{status="%s"} %d' % pair for pair in orders.items() if pair[1]]
        self.wfile.write("\\n".join([*lines, "queue_depth 2", ""]).encode())

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
"""


def shop(name: str = "shop") -> object:
    return python(name, SHOP, "{port}", ports={"http": 80}, metrics="/metrics")


def buy(instance: Instance, status: str = "ok", times: int = 1) -> None:
    for _ in range(times):
        assert ready.http(f"/buy/{status}").ask(instance)


@pytest.fixture
def store(rig: Rig) -> Instance:
    instance = rig.add(shop())  # type: ignore[call-overload]
    rig.start()
    assert isinstance(instance, Instance)
    return instance


def test_a_change_is_what_happened_in_between(store: Instance) -> None:
    buy(store)
    with store.metrics.change(metric("orders_total", status="ok")) as orders:
        buy(store, times=3)
    assert orders == 3
    assert store.metrics.sum("orders_total") == 4
    assert store.metrics.value("queue_depth") == 2


def test_a_condition_is_waited_for(store: Instance) -> None:
    threading.Timer(0.1, buy, [store]).start()
    store.metrics.wait(metric("orders_total").sum() >= 1, within=60)
    with pytest.raises(DeadlineExceeded, match="queue_depth"):
        store.metrics.wait(metric("queue_depth").max() <= 1, within=0.2)


def test_a_death_ends_a_wait_for_metrics_at_once(store: Instance) -> None:
    threading.Timer(0.1, store.signal, [signal.SIGKILL]).start()
    with pytest.raises(ServiceDied, match=r'shop was killed by SIGKILL while waiting for metric\("queue_depth"\) == 0'):
        store.metrics.wait(metric("queue_depth") == 0, within=60)


def test_metrics_follow_an_instance_over_a_restart(store: Instance) -> None:
    buy(store)
    metrics = store.metrics
    store.restart()
    assert metrics.samples("orders_total") == []
    metrics.wait(metric("queue_depth") == 2, within=60)
    store.stop()
    with pytest.raises(UsageError, match="shop is stopped, not running"):
        metrics.wait(metric("queue_depth") == 0, within=60)


def test_a_wait_may_speak_of_several_instances(rig: Rig) -> None:
    one, two = rig.add(shop("one")), rig.add(shop("two"))  # type: ignore[call-overload]
    rig.start()
    buy(one, times=2)
    threading.Timer(0.1, buy, [two]).start()
    wait_for(one.metrics("orders_total").sum() + two.metrics("orders_total").sum() == 3, within=60)
    wait_for(one.metrics("orders_total").sum() > two.metrics("orders_total").sum(), within=60)


def test_a_service_may_be_ready_by_its_metrics(rig: Rig) -> None:
    good = shop("good").but(ready=ready.metric(metric("queue_depth") == 2))  # type: ignore[attr-defined]
    bad = shop("bad").but(ready=ready.metric(metric("queue_depth") == 0), start_within=0.5)  # type: ignore[attr-defined]
    rig.start(rig.add(good))
    rig.add(bad)
    with pytest.raises(StartFailed, match=r'waited 0.5 s for metric\("queue_depth"\) == 0'):
        rig.start()


def test_a_service_without_metrics_says_how_to_have_some(rig: Rig) -> None:
    with pytest.raises(UsageError, match=r'Service\(..., metrics="/metrics"\)'):
        _ = rig.add(web()).metrics


def test_metrics_may_be_on_another_port(rig: Rig) -> None:
    service = python(
        "admin", SHOP, "{port[admin]}", ports={"http": 80, "admin": 81}, metrics="http://{host}:{port[admin]}/metrics"
    ).but(ready=ready.tcp("admin"))
    instance = rig.add(service)
    rig.start()
    assert instance.metrics.value("queue_depth") == 2


@pytest.mark.parametrize("make", [VictoriaMetrics, Prometheus])
def test_the_design_example_gives_the_rows_that_were_computed_by_hand(rig: Rig, make: type) -> None:
    server = rig.add(make())
    rig.start()
    assert isinstance(server, VictoriaMetricsInstance | PrometheusInstance)
    grid = Timeline(start="2024-01-01T00:00:00Z", every="30s", length="5m")
    requests = grid.counter("model_requests_total", model="m1")
    requests.labels(status="200").inc(50).inc(60).inc(70).inc(150)
    requests.labels(status="404").inc(200).inc(250)
    requests.labels(status="500").inc(150)
    server.ingest(grid)
    assert server.query("count(model_requests_total)", at=grid.end).samples[0].value == 3
    if isinstance(server, VictoriaMetricsInstance):
        got = server.query_range("sum by (status) (increase(model_requests_total[30s]))", grid)
        assert got.by("status")["200"] == [0, 0, 2, 1, 0, 1, 0, 0, 0, 0, 0]
        assert got.by("status")["404"] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0]
        assert got.by("status")["500"] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
        assert got == grid.expect.increase(requests, window="30s", by="status")


def test_views_of_one_server_do_not_see_each_other(rig: Rig) -> None:
    victoria = rig.add(VictoriaMetrics())
    rig.start()
    one, two = victoria.isolated(), victoria.isolated()
    one.write("m", 1, at=1704067260)
    two.write("m", 2, at=1704067260)
    assert [one.query("m", at=1704067260).one().value, two.query("m", at=1704067260).one().value] == [1, 2]


def test_the_page_of_a_real_server_is_read(rig: Rig) -> None:
    victoria = rig.add(VictoriaMetrics())
    rig.start()
    victoria.write("m", 1, at=1704067260)
    victoria.write("m", 2, at=1704067270)
    # It makes its page anew once a second only.
    victoria.metrics.wait(metric("vm_rows_inserted_total").sum() == 2, within=60)
