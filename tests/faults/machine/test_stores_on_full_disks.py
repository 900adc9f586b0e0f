"""What four servers do when their disk is full, and that each serves again, with all that it had acknowledged."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

from metricrig import CommandFailed, Limits, Rig, Timeline, metric
from metricrig.errors import WriteRejected
from metricrig.services import PostgreSQL, Prometheus, Redis, VictoriaMetrics

if TYPE_CHECKING:
    from metricrig import Instance


def asked(redis: Instance, *words: str) -> str:
    """One command, and the first line of the answer, with the second where the first is a length."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection((redis.host, redis.port), 30) as connection, connection.makefile("rb") as answer:
        connection.sendall(request.encode())
        first = answer.readline().decode().strip()
        return answer.readline().decode().strip() if first.startswith("$") and first != "$-1" else first


def test_redis_refuses_writes_and_goes_on_reading(rig: Rig) -> None:
    """With a log of its writes, as somebody has it who wants to keep them."""
    redis = rig.add(Redis(args=["--appendonly", "yes"], limits=Limits(disk="16MiB")))
    rig.start()
    kept = [f"before-{number}" for number in range(10)]
    assert {asked(redis, "SET", key, "x") for key in kept} == {"+OK"}
    with redis.disk_full():

        def refused() -> bool:
            key = f"within-{len(kept)}"
            said = asked(redis, "SET", key, "x" * 4096)
            kept.extend([key] if said == "+OK" else [])
            return said.startswith("-MISCONF")

        eventually(refused)
        assert asked(redis, "GET", kept[0]) == "x"
    assert asked(redis, "SET", "after", "x") == "+OK"
    redis.restart()
    assert [key for key in (*kept, "after") if asked(redis, "EXISTS", key) != ":1"] == []


def test_postgresql_fails_the_statement_and_lives(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL(limits=Limits(disk="128MiB")))
    rig.start()
    postgresql.psql("CREATE TABLE rows (number int, filling text); INSERT INTO rows VALUES (1, 'x')")
    with postgresql.disk_full():
        with pytest.raises(CommandFailed, match="No space left on device"):
            postgresql.psql("INSERT INTO rows SELECT 2, repeat('x', 1000) FROM generate_series(1, 1000)")
        assert postgresql.psql("SELECT count(*) FROM rows") == "1"
    postgresql.psql("INSERT INTO rows VALUES (3, 'x')")
    postgresql.restart()
    assert postgresql.psql("SELECT number FROM rows ORDER BY number") == "1\n3"


def grid(name: str, *, minutes_ago: int, series: int = 10) -> Timeline:
    made = Timeline(start=time.time() - 60 * minutes_ago, every="10s", length="30s")
    for number in range(series):
        made.gauge(name, number=str(number)).set(1)
    return made


def test_victoriametrics_refuses_writes_and_says_so_in_a_metric(rig: Rig) -> None:
    store = rig.add(VictoriaMetrics(limits=Limits(disk="64MiB")))
    rig.start()
    store.ingest(grid("before", minutes_ago=9))
    read_only = metric("vm_storage_is_read_only").max()
    with store.disk_full(leave="1MB"):  # it keeps 10 MB free by itself
        store.metrics.wait(read_only == 1, within=60)
        with pytest.raises(WriteRejected, match="read-only mode") as rejected:
            store.ingest(grid("within", minutes_ago=8))
        assert rejected.value.status == 503
        assert store.query("count(last_over_time(before[1h]))") == 10
    store.metrics.wait(read_only == 0, within=60)
    store.ingest(grid("after", minutes_ago=7))
    store.restart()
    assert store.query("count(last_over_time({__name__=~'before|within|after'}[1h])) by (__name__)").by("__name__") == {
        "before": 10,
        "after": 10,
    }


def test_prometheus_refuses_writes_and_has_to_be_started_again(rig: Rig) -> None:
    """Its log has a torn record then: 2.42 serves, but forgets at its next start what it has taken after that."""
    store = rig.add(Prometheus(limits=Limits(disk="64MiB")))
    rig.start()
    store.ingest(grid("before", minutes_ago=9))
    with store.disk_full():
        with pytest.raises(WriteRejected, match="no space left on device") as rejected:
            store.ingest(grid("within", minutes_ago=8, series=2000))
        assert rejected.value.status == 500
        assert store.query("count(last_over_time(before[1h]))") == 10
    store.restart()
    store.ingest(grid("after", minutes_ago=7))
    store.restart()
    assert store.query("count(last_over_time({__name__=~'before|after'}[1h])) by (__name__)").by("__name__") == {
        "before": 10,
        "after": 10,
    }
