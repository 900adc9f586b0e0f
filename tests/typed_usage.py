"""The public API as users type it. It is not run: mypy reads it, in strict mode, and it has to find nothing."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import assert_type

from metricrig import (
    Instance,
    Placement,
    Rig,
    Service,
    ServiceDied,
    StartFailed,
    Tool,
    ToolUnavailable,
    Unavailable,
    events,
    ready,
)
from metricrig.services import Etcd, Memcached, PostgreSQL, Prometheus, Redis, VictoriaMetrics
from metricrig.services.postgresql import PostgreSQLInstance
from metricrig.services.stores import VictoriaMetricsInstance
from metricrig.tools import Executable, Release, obtain


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
        assert_type(redis, Instance)
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
