"""The public API as users type it. It is not run: mypy reads it, in strict mode, and it has to find nothing."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import Any, assert_type

import pytest

from metricrig import (
    Fixed,
    Image,
    Instance,
    Limits,
    Placement,
    Rig,
    Service,
    ServiceDied,
    StartFailed,
    Timeline,
    Tool,
    ToolUnavailable,
    Unavailable,
    events,
    load,
    matches,
    metric,
    not_,
    not_matches,
    ready,
    wait_for,
)
from metricrig.links import DatagramLink, FreeLink, Link, link_to
from metricrig.metrics import Endpoint, Metrics, PrometheusStore, Promql, VictoriaMetricsStore, read
from metricrig.metrics.conditions.condition import Condition
from metricrig.metrics.conditions.expression import Expression
from metricrig.metrics.expect import Engine
from metricrig.metrics.exposition import Sample
from metricrig.metrics.results import Matrix, Values
from metricrig.metrics.scraping.change import Change
from metricrig.metrics.store import Ingested
from metricrig.pytest import service
from metricrig.services import (
    Etcd,
    EtcdNamespace,
    Gunicorn,
    Locust,
    Memcached,
    MemcachedTurn,
    PostgreSQL,
    PostgreSQLDatabase,
    PostgreSQLError,
    Prometheus,
    PrometheusInstance,
    Redis,
    RedisDatabase,
    VictoriaMetrics,
    VictoriaMetricsInstance,
)
from metricrig.services.etcd import EtcdInstance
from metricrig.services.gunicorn import GunicornInstance, Master
from metricrig.services.memcached import MemcachedInstance
from metricrig.services.postgresql import PostgreSQLInstance
from metricrig.services.redis import RedisInstance
from metricrig.storms import Fault, Storm, StormPlan, shortened
from metricrig.tools import Executable, Release, obtain


@service
def plain_fixture() -> Service:
    return Redis()


@service(shared=False, params=["6.2"])
def fixture_with_options(plain_fixture: Instance) -> Service:
    return Redis(name="other", needs=[plain_fixture])


several: Any = service(Redis(version="6.2"), Redis(version="7.2"), scope="module")


def stores_are_alike(store: PrometheusInstance | VictoriaMetricsInstance) -> None:
    store.flush()


def images() -> None:
    Service(name="shop", command=["shop"], image=Image("shop", files={"/bin/shop": Path("shop")}))


def the_first_example() -> None:
    with Rig("shop", data="tmpfs", keep=False) as rig:
        redis = rig.add(Redis())
        victoria = rig.add(VictoriaMetrics(version="1.128.0"))
        postgresql = rig.add(PostgreSQL(settings={"max_connections": "20"}), name="db")
        shop = rig.add(
            Service(
                name="shop",
                command=["gunicorn", "shop:app", "--bind", "{host}:{port[http]}"],
                ports={"http": 8000},
                env={"REDIS_URL": redis.inside.url},
                ready=ready.http("/healthz"),
                metrics="/metrics",
                needs=[redis, "db"],
            )
        )
        rig.start()
        assert_type(redis, RedisInstance)
        assert_type(shop, Instance)
        assert_type(victoria, VictoriaMetricsInstance)
        assert_type(postgresql, PostgreSQLInstance)
        assert_type(shop.url, str)
        assert_type(shop.port, int)
        assert_type(shop.dir, Path)
        assert_type(rig["shop"], Instance)
        victoria.flush()
        assert_type(postgresql.psql("select 1"), str)
        shop.stop(within=2)
        rig.start(shop)
        shop.pause()
        shop.resume()
        shop.signal(signal.SIGHUP)
        mark = shop.logs.mark()
        shop.logs.wait(r"orders: \d+", within=5, since=mark)
        shop.wait(lambda instance: instance.resources().fds < 100, within=5)
        shop.wait(ready.all_of(ready.tcp("http"), ready.any_of(ready.log("up"), ready.metric("up"))))
        assert_type(shop.run(["true"], check=False).status, int)
        assert_type(shop.resources().cpu_seconds, float)
        assert_type(shop.wait_for_end(within=1), str)


def what_is_done_to_a_service(redis: RedisInstance, shop: Instance) -> None:
    with shop.paused() as paused, redis.killed(after=1, again_after=2.5) as killed:
        assert_type(paused.evidence, str)
        assert_type(killed.killed, bool)
    with redis.disk_full(leave="1MB"), redis.disk_full(leave=4096), redis.read_only_disk():
        pass
    full = redis.disk_full().start()
    full.heal()
    with shop.no_open_files(), shop.no_open_files(50), shop.little_memory("256MB"), shop.little_cpu(share=0.2):
        pass
    with shop.clock(offset=-3600), redis.clock(rate=1.5), redis.clock(offset=60, rate=0.5) as clock:
        assert_type(clock.offset, float)
    with shop.slow_disk(), shop.slow_disk(rate="64KiB"), shop.slow_disk(rate=1 << 20):
        pass
    with shop.certificate_expired(file="server.pem", authority=Path("ca.pem"), reload=1) as expired:
        assert_type(expired.evidence, str)
    shop.certificate_expired(file="server.pem", authority="ca.pem", port="https", reload=shop.restart)
    Redis(own_clock=True)
    with shop.dns_fails() as fails:
        assert_type(fails.healing_evidence, str)
    Redis(limits=Limits(disk="64MB"))
    Redis(limits=Limits(disk=64 << 20, memory=256 << 20))


def a_service_of_ones_own(scraped: Instance) -> Service:
    def command(at: Placement) -> list[str]:
        return [at.tool, f"--listen={at.address()}", *(["--new-flag"] if at.at_least("2.0") else [])]

    tool = Tool(
        name="example",
        executables=("example",),
        release=Release(archive="https://example.org/{version}/{os}-{arch}.tar.gz", checksums="https://example.org/s"),
    )
    Prometheus(scrape=[scraped, "127.0.0.1:9100"], every="250ms")
    Memcached(args=["-m", "64"])
    Etcd(needs=[scraped])
    return Service(
        name="example",
        tool=tool,
        version=">=1.5",
        command=command,
        ports={"http": 80},
        files={
            "config.yml": "listen: {port}",
            "data.bin": b"\0",
            "copy": Path("fixture"),
            "made": lambda at: at.secret,
        },
        ready=ready.command("{tool}", "status"),
        stop_signal=signal.SIGINT,
    ).but(start_within=5)


def what_can_go_wrong(rig: Rig, tool: Tool) -> Executable | None:
    def note(event: events.Event) -> None:
        if isinstance(event, events.ServiceReady):
            assert_type(event.seconds, float)

    rig.events.subscribe(note)
    try:
        rig.start()
    except StartFailed as failed:
        for error in failed.failures.values():
            if isinstance(error, ServiceDied):
                assert_type(error.log_tail, str)
    try:
        return obtain(tool, "1.2.3")
    except ToolUnavailable as lacking:
        assert_type([refusal.why for refusal in lacking.refusals], list[str])
    except Unavailable as lacking:
        assert_type(lacking.remedy, str)
    return None


def metrics_of_a_service(shop: Instance, other: Instance) -> None:
    with shop.metrics.change(metric("orders_total", status="ok")) as orders:
        pass
    assert_type(orders, Change)
    assert orders == 3
    queue = metric("queue_depth")
    assert_type(queue.max() <= 1, Condition)
    assert_type(100 * metric("errors_total").sum() / metric("requests_total").sum(), Expression)
    shop.metrics.wait(queue.max() <= 1, within=5)
    shop.metrics.wait((queue == 0) & ~(metric("errors_total").sum() > 0) | metric("up").absent(), within=5)
    shop.metrics.wait(metric("requests_total", code=matches("2.."), method=not_("GET")).sum().between(1, 2))
    shop.metrics.wait(metric("took_seconds", path=not_matches("/internal.*")).quantile(0.9).approx(0.2, rel=0.1))
    wait_for(shop.metrics("orders_total").sum() + other.metrics("orders_total").sum() == 3, within=5)
    shop.wait(ready.metric(queue == 0), within=5)
    assert_type(shop.metrics.sum("orders_total"), float)
    assert_type(shop.metrics.samples("orders_total", status="ok"), list[Sample])
    before = shop.metrics.snapshot()
    print(shop.metrics.snapshot() - before)
    Metrics(Endpoint("http://127.0.0.1:8000/metrics")).wait(queue == 0)
    assert_type(read("http://127.0.0.1:8000/metrics").value("orders_total"), float)


def containers() -> None:
    with Rig("boxes", runtime="docker") as rig:
        image = Image("shop", build=Path("shop"), platform="linux/amd64")
        shop = rig.add(Service(name="shop", command=["shop"], image=image, limits=Limits(cpus=0.5, memory=64 << 20)))
        assert_type(shop, Instance)
        assert_type(rig.attach(Redis(), "redis://127.0.0.1:6379", name="theirs"), RedisInstance)
        assert_type(rig.add(Redis(runtime="docker", image="redis:7", limits=Limits(cpus=1))), RedisInstance)


def series_with_a_known_answer(vm: VictoriaMetricsInstance, prometheus: PrometheusInstance) -> None:
    grid = Timeline(start="2024-01-01T00:00:00Z", every="30s", length="5m")
    requests = grid.counter("model_requests_total", model="m1")
    requests.labels(status="200").inc(50).inc(60).inc(70).inc(150)
    grid.gauge("queue_depth").set(3).set(7, at=60).gap(90, 150)
    took = grid.histogram("took_seconds", buckets=[0.1, 0.5, 1]).observe(0.3, at=10)
    assert_type(vm.ingest(grid), Ingested)
    assert_type(prometheus.ingest(grid.blocks(), version=2).samples, int)
    got = vm.query_range("sum by (status) (increase(model_requests_total[30s]))", grid)
    assert_type(got, Matrix)
    assert_type(got.by("status")["200"], Values)
    assert got.by("status")["200"] == [0, 0, 2, 1, 0, 1, 0, 0, 0, 0, 0]
    expected = grid.expect.increase(requests, window="30s", by="status")
    assert got == expected, got.difference(expected)
    assert expected.by("status")["200"] == [0, 0, 2, 1, 0, 1, 0, 0, 0, 0, 0]
    assert grid.expect.sum(requests, at=300) == vm.query("sum(model_requests_total)", at=grid.end)
    assert vm.query_range("queue_depth", grid) == {(): [3, 3, 7]}
    assert got in grid.expect.on(vm.engine).quantile(0.9, took, window="1m")
    assert got == grid.expect.on(Engine.of("prometheus", "2.42.0")).rate(requests, "2m", by=()).approx(rel=1e-6)


cache = service(Redis(name="cache"), scope="module")


@service
def shop(cache: RedisInstance) -> Service:
    return Service(
        name="shop",
        command=[Path("shop"), "{port[http]}"],
        ports={"http": Fixed(8080, inside=80), "admin": 8001},
        cwd=Path("/"),
        needs=[cache],
    )


@service(scope="module", params=["6.2", "7.2"], shared=False)
def store(request: pytest.FixtureRequest) -> Service:
    return Redis(version=request.param)


def an_answer_of_ones_own(grid: Timeline, view: VictoriaMetricsStore) -> None:
    requests, took = grid.counter("requests_total"), grid.histogram("took_seconds")
    assert grid.expect.increase(requests, "30s") == [0.0, None]
    assert {grid.start: 0.5} in grid.expect.quantile(0.9, took, window="30s")
    assert 0.5 in grid.expect.quantile(0.9, took, window="30s", at=60)
    assert_type(view.url, str)
    assert_type(view.parameters, dict[str, str])


def views_of_a_shared_server(vm: VictoriaMetricsInstance, prometheus: PrometheusInstance) -> None:
    view = vm.isolated()
    assert_type(view, VictoriaMetricsStore)
    view.write("queue_depth", 5, {"queue": "a"})
    assert view.query("queue_depth") == {"a": 5}
    assert_type(prometheus.isolated("test"), PrometheusStore)
    assert_type(Promql("http://127.0.0.1:9090").label_values("job"), list[str])
    assert_type(vm.series("up", start="2024-01-01T00:00:00Z"), list[dict[str, str]])


def parts_of_shared_servers(
    redis: RedisInstance, postgresql: PostgreSQLInstance, memcached: MemcachedInstance, etcd: EtcdInstance
) -> None:
    with redis.isolated() as database:
        assert_type(database, RedisDatabase)
        assert_type(database.number, int)
        assert_type(database.server, RedisInstance)
        assert_type(database.inside.url, str)
    with postgresql.isolated(Path("schema.sql")) as orders:
        assert_type(orders, PostgreSQLDatabase)
        assert_type(orders.execute("SELECT 1")[0][0], str | None)
    postgresql.isolated([Path("schema.sql"), Path("data.sql")], key="2").close()
    postgresql.isolated(lambda template: template.psql("CREATE TABLE orders (n int)")).close()
    try:
        orders.execute("SELECT")
    except PostgreSQLError as refusal:
        assert_type(refusal.code, str)
    assert_type(memcached.isolated(), MemcachedTurn)
    namespace = etcd.isolated()
    assert_type(namespace, EtcdNamespace)
    assert_type(namespace.get("a"), str | None)


def a_gunicorn(rig: Rig) -> None:
    gunicorn = rig.add(Gunicorn("shop:app", workers=2, config=Path("production.py"), metrics="/metrics"))
    assert_type(gunicorn, GunicornInstance)
    before = gunicorn.workers
    assert_type(before, tuple[int, ...])
    gunicorn.reload()
    assert_type(gunicorn.wait_for_workers(2, other_than=before, within=5), tuple[int, ...])
    gunicorn.signal_worker(gunicorn.workers[0], signal.SIGABRT)
    assert_type(gunicorn.upgrade(), Master)


def links(rig: Rig, redis: RedisInstance) -> None:
    link = rig.link(redis, port="redis", name="cache")
    assert_type(link, Link)
    assert_type(link.inside.url, str)
    assert_type(rig.link("statsd", udp=True), DatagramLink)
    with link.cut(share=0.3, seed=7) as cut, link.slow(latency=0.1, rate=64_000, direction="down"):
        assert_type(cut.evidence, str)
        assert_type(cut.began, float | None)
    link.half_open(direction="up").start().heal()
    with link_to("127.0.0.1:5432") as free:
        assert_type(free, FreeLink)
    link.stall(direction="left")  # type: ignore[arg-type]


def storms(rig: Rig, redis: RedisInstance, shop: Instance) -> None:
    link = rig.link(redis)
    assert_type(rig.link(redis.isolated()), Link)
    slow = partial(link.slow, latency=0.05)
    storm = rig.storm(faults=[link.cut, redis.paused, redis.killed, slow], every="1s…3s", lasting=0.5, at_most=2)
    assert_type(storm, Storm)
    with storm.while_(shop.metrics("queue_depth").max() <= 3).while_(lambda: True) as running:
        assert_type(running, Storm)
        assert_type(running.faults, list[Fault])
    assert_type(storm.recovery, float | None)
    assert_type(shortened(storm.plan, lambda plan: bool(plan.planned)), StormPlan)
    rig.storm(StormPlan.load("plan.json"), faults=[link.cut]).run()


def loads(rig: Rig, shop: Instance, link: Link) -> None:
    def buy() -> None:
        with load.op("pay"):
            pass

    async def look() -> None: ...

    run = load.open_loop(buy, rate=200, for_="10s", users=50, lag="20ms", watch=[shop])
    assert_type(run, load.Run)
    assert_type(run.p99, float)
    assert_type(run.op("pay").failed, int)
    assert run.errors == 0
    assert run.errors["ValueError: declined"] < 3
    assert_type(run.resources["shop"].cpu_per_call, float)
    assert_type([each.p99 for each in run.series("100ms")], list[float])
    assert_type(run.reasons, tuple[str, ...])
    assert_type(run.measured.throughput, float)
    assert_type(load.closed_loop(look, users=8, for_=10, think="50ms").against(run).p99.low, float)
    load.open_loop(load.weighted({buy: 9, look: 1}), rate=load.ramp(10, 200, over="30s"), for_="1m")
    load.open_loop(load.request(shop, "GET /"), rate=load.poisson(load.steps(10, 20, every=1), seed=7), for_=2)
    assert_type(load.http(shop, "POST /buy/ok", rate=5_000, for_="10s", body="book"), load.Run)
    with load.background(buy, rate=50) as traffic, link.cut() as cut:
        assert_type(traffic, load.Run)
    assert traffic.between(cut.began, cut.ended).errors == 0
    assert_type(load.merge(run, traffic), load.Run)
    locust = rig.add(Locust("locustfile.py", workers=4, host=shop.url))
    assert_type(locust.load(users=50, for_="30s"), load.Run)
    timed = load.benchmark({"bare": buy, "ours": buy}, rounds=30)
    assert_type(timed.ratio("ours").low, float)
    assert_type(timed.against(Path("baseline.json"), "ours").high, float)
    try:
        assert run.max < 1
    except load.InvalidRun as invalid:
        assert_type(invalid.reasons, tuple[str, ...])
    except load.LoadInterrupted as interrupted:
        assert_type(interrupted.run, load.Run)
