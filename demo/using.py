"""Act 3: every server is used for what it is for."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import wires
from stage import expect

if TYPE_CHECKING:
    from stage import Stage

    from metricrig import Instance, Rig


def use_all(stage: Stage, rig: Rig) -> None:
    """Use those that the rig has."""
    stage.act("3  Used for real: each one answers with what was put into it")
    for name, use in USES.items():
        if name in rig:
            with stage.step(name) as step:
                step.said = use(rig[name])


def use_redis(redis: Any) -> str:
    """SET, GET."""
    wires.redis_command(redis.host, redis.port, "SET", "answer", "42")
    got = wires.redis_command(redis.host, redis.port, "GET", "answer")
    expect(got == "42", f"GET answered {got!r}")
    return "SET answer 42, GET answer -> 42"


def use_memcached(memcached: Any) -> str:
    """Set, get."""
    wires.talk(memcached.host, memcached.port, "set answer 0 0 2\r\n42\r\n")
    got = wires.talk(memcached.host, memcached.port, "get answer\r\n").splitlines()
    expect(got[1:2] == ["42"], f"get answered {got}")
    return "set answer, get answer -> 42"


def use_postgresql(pg: Any) -> str:
    """A table, rows, a sum."""
    pg.psql("CREATE TABLE orders (item text, pieces int); INSERT INTO orders VALUES ('tea', 3), ('milk', 4)")
    # Commits are not waited for (synchronous_commit is off): this makes sure that a kill does not cost them.
    pg.psql("CHECKPOINT")
    got = pg.psql("SELECT sum(pieces), split_part(version(), ' ', 2) FROM orders")
    pieces, version = got.split("|")
    expect(pieces == "7", f"the sum was {pieces}")
    return f"INSERT two rows, their sum -> {pieces}, by PostgreSQL {version}"


def use_etcd(etcd: Any) -> str:
    """Put, and range."""
    key, value = (base64.b64encode(text).decode() for text in (b"answer", b"42"))
    wires.post(f"{etcd.url}/v3/kv/put", {"key": key, "value": value})
    got = json.loads(wires.post(f"{etcd.url}/v3/kv/range", {"key": key}))["kvs"][0]["value"]
    expect(got == value, f"range answered {got!r}")
    return "put answer 42, range answer -> 42"


def use_victoriametrics(vm: Any) -> str:
    """Samples in, flushed, and the same out."""
    values = [1, 5, 25, 125, 625]
    end = int(time.time()) // 10 * 10
    times = [end - 10 * (len(values) - 1 - index) for index in range(len(values))]
    lines = [f'orders_total{{shop="1"}} {v} {t}000' for v, t in zip(values, times, strict=True)]
    wires.post(f"{vm.url}/api/v1/import/prometheus", "\n".join(lines))
    vm.flush()
    got = wires.get(f"{vm.url}/api/v1/query_range", query="orders_total", start=str(times[0]), end=str(end), step="10s")
    series = got["data"]["result"][0]["values"]
    expect(series == [[t, str(v)] for t, v in zip(times, values, strict=True)], f"query_range answered {series}")
    return f"{len(values)} samples written, flush(), query_range -> {', '.join(v for _, v in series)}"


def use_prometheus(prometheus: Any) -> str:
    """Wait until it has scraped VictoriaMetrics."""

    def has_scraped(instance: Instance) -> bool:
        found = wires.get(f"{instance.url}/api/v1/query", query='up{job="victoriametrics"}')["data"]["result"]
        return bool(found) and found[0]["value"][1] == "1"

    configured = wires.get(f"{prometheus.url}/api/v1/status/config")["data"]["yaml"]
    if "job_name: victoriametrics" not in configured:
        return "answers; it has nothing to scrape, because VictoriaMetrics is not to be had"
    # Prometheus takes its targets up five seconds after its start, whatever one asks of it.
    prometheus.wait(has_scraped, within=20)
    return 'waited until up{job="victoriametrics"} was 1'


USES = {
    "redis": use_redis,
    "memcached": use_memcached,
    "postgresql": use_postgresql,
    "etcd": use_etcd,
    "victoriametrics": use_victoriametrics,
    "prometheus": use_prometheus,
}
