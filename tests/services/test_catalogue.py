"""Every service of the catalogue, for real: started, used, restarted with its data, stopped."""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from metricrig import Instance, Rig, ToolUnavailable, UsageError
from metricrig._core.cache_directory import cache_root
from metricrig.services import (
    CATALOGUE,
    VICTORIA_METRICS,
    Etcd,
    Memcached,
    PostgreSQL,
    Prometheus,
    PrometheusInstance,
    Redis,
    VictoriaMetrics,
    VictoriaMetricsInstance,
)
from metricrig.services.entry import CatalogueEntry
from metricrig.services.postgresql import PostgreSQLInstance
from metricrig.services.redis import RedisInstance
from metricrig.tools import obtain

if TYPE_CHECKING:
    from metricrig.events import Event

EVERY_RUNTIME = True
ALL = [each for each in CATALOGUE if each.fixture]


def fetch(url: str, data: bytes | None = None) -> str:
    with urllib.request.urlopen(url, data, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def say(instance: Instance, words: bytes) -> str:
    with socket.create_connection((instance.host, instance.port), 5) as connection:
        connection.sendall(words)
        return connection.recv(4096).decode()


@pytest.mark.parametrize("entry", ALL, ids=[each.module for each in ALL])
def test_each_starts_stops_and_starts_again(rig: Rig, entry: CatalogueEntry) -> None:
    instance = rig.add(entry.for_tests())
    rig.start()
    assert instance.state == "ready"
    assert instance.version
    assert instance.resources().rss > 0
    instance.restart()
    assert instance.state == "ready"
    instance.kill()
    rig.start()
    assert instance.state == "ready"


@pytest.mark.parametrize("entry", ALL, ids=[each.module for each in ALL])
def test_each_listens_on_the_loopback_only(rig: Rig, entry: CatalogueEntry) -> None:
    instance = rig.add(entry.for_tests())
    rig.start()
    ports = set(instance.ports.values())
    table = Path("/proc/net/tcp").read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    local = [line.split()[1].rsplit(":", 1) for line in table if line.split()[3] == "0A"]
    assert {host for host, port in local if int(port, 16) in ports} == {"0100007F"}


def test_six_servers_come_up_together(rig: Rig) -> None:
    victoria = rig.add(VictoriaMetrics())
    for service in (Redis(), PostgreSQL(), Memcached(), Etcd(), Prometheus(scrape=[victoria])):
        rig.add(service)
    rig.start()
    assert [instance.state for instance in rig] == ["ready"] * 6


def test_redis_answers_and_persists_nothing(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    assert say(redis, b"SET colour green\r\n") == "+OK\r\n"
    assert say(redis, b"GET colour\r\n") == "$5\r\ngreen\r\n"
    redis.restart()
    assert say(redis, b"GET colour\r\n") == "$-1\r\n"
    assert redis.url == f"redis://127.0.0.1:{redis.port}/0"


def test_redis_may_ask_for_a_password_that_is_not_on_its_command_line(rig: Rig) -> None:
    redis = rig.add(Redis(password=True, args=["--maxmemory", "10mb"]))
    rig.start()
    assert say(redis, b"PING\r\n").startswith("-NOAUTH")
    assert say(redis, f"AUTH {redis.secret}\r\n".encode()) == "+OK\r\n"
    assert redis.secret in redis.url
    assert redis.secret not in Path(f"/proc/{redis.pid}/cmdline").read_text()


def test_what_was_written_into_victoriametrics_is_there_after_a_flush_and_a_restart(rig: Rig) -> None:
    victoria = rig.add(VictoriaMetrics())
    rig.start()

    def value() -> Any:
        answer = json.loads(fetch(f"{victoria.url}/api/v1/query?query=orders&time=1704067260&nocache=1"))
        return [series["value"] for series in answer["data"]["result"]]

    fetch(f"{victoria.url}/api/v1/import/prometheus", b"orders 42 1704067260000\n")
    victoria.flush()
    assert value() == [[1704067260, "42"]]
    victoria.restart()
    assert value() == [[1704067260, "42"]]


@pytest.mark.timeout(600)
def test_flags_are_chosen_by_the_version_found(rig: Rig) -> None:
    """An old binary exits on a flag that it does not know; a new one may be asked for what the old cannot do."""
    for version in ("<1.88", "1.128.0"):
        try:
            obtain(VICTORIA_METRICS, version)
        except ToolUnavailable as lacking:
            pytest.skip(str(lacking))
    old = rig.add(VictoriaMetrics("old", version="<1.88"))
    new = rig.add(VictoriaMetrics("new", version="1.128.0"))
    rig.start()
    assert new.version == "1.128.0"
    assert "-search.latencyOffset=1s" in old.command
    assert "-search.latencyOffset=0s" in new.command
    for instance in (old, new):
        fetch(f"{instance.url}/api/v1/import/prometheus", b"orders 42 1704067260000\n")
        instance.flush()
        assert '"42"' in fetch(f"{instance.url}/api/v1/query?query=orders&time=1704067260&nocache=1")


def test_prometheus_scrapes_the_instances_it_is_told_to(rig: Rig) -> None:
    victoria = rig.add(VictoriaMetrics())
    prometheus = rig.add(Prometheus(scrape=[victoria, "127.0.0.1:1"], every="100ms", config={"rule_files": []}))
    rig.start()

    def up(_: Instance) -> dict[str, str]:
        answer = json.loads(fetch(f"{prometheus.url}/api/v1/query?query=up"))
        return {series["metric"]["job"]: series["value"][1] for series in answer["data"]["result"]}

    prometheus.wait(lambda instance: up(instance) == {"victoriametrics": "1", "127.0.0.1:1": "0"})


def test_what_flushes_one_store_flushes_another(rig: Rig) -> None:
    stores: list[VictoriaMetricsInstance | PrometheusInstance] = [rig.add(VictoriaMetrics()), rig.add(Prometheus())]
    rig.start()
    for store in stores:
        store.write("orders", 42)
        store.flush()
        assert store.query("orders") == 42


def test_prometheus_scrapes_a_page_that_is_told_as_a_whole_url(rig: Rig) -> None:
    told = VictoriaMetrics("told").but(metrics="http://{host}:{port[http]}/metrics?from=a+rig&from=here")
    prometheus = rig.add(Prometheus(scrape=[rig.add(told)], every="100ms"))
    rig.start()

    def targets() -> list[dict[str, Any]]:
        answer: dict[str, Any] = json.loads(fetch(f"{prometheus.url}/api/v1/targets"))
        active: list[dict[str, Any]] = answer["data"]["activeTargets"]
        return active

    prometheus.wait(lambda _: [each["health"] for each in targets()] == ["up"])
    assert targets()[0]["scrapeUrl"].endswith("/metrics?from=a+rig&from=here")


def test_memcached_answers(rig: Rig) -> None:
    memcached = rig.add(Memcached())
    rig.start()
    assert say(memcached, b"set colour 0 0 5\r\ngreen\r\n") == "STORED\r\n"
    assert say(memcached, b"get colour\r\n") == "VALUE colour 0 5\r\ngreen\r\nEND\r\n"


def test_etcd_keeps_its_data_over_a_restart(rig: Rig) -> None:
    etcd = rig.add(Etcd())
    rig.start()
    fetch(f"{etcd.url}/v3/kv/put", b'{"key": "Y29sb3Vy", "value": "Z3JlZW4="}')
    etcd.restart()
    assert '"value":"Z3JlZW4="' in fetch(f"{etcd.url}/v3/kv/range", b'{"key": "Y29sb3Vy"}')


def test_postgresql_is_reached_by_tcp_by_socket_and_by_psql(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    for url in (postgresql.url, postgresql.socket_url):
        with psycopg.connect(url) as connection:
            assert connection.execute("select 6 * 7").fetchone() == (42,)
    assert postgresql.psql("select 1, 'two'; select 3") == "1|two\n3"


def test_postgresql_keeps_its_data_over_a_restart_and_a_kill(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    postgresql.psql("create table orders (n int); insert into orders values (7); checkpoint")
    postgresql.restart()
    assert postgresql.psql("select n from orders") == "7"
    postgresql.kill()
    postgresql.start()
    assert postgresql.psql("select n from orders") == "7"


def test_each_postgresql_has_a_password_of_its_own(rig: Rig) -> None:
    """The data directories come from one template, yet a password opens only its own server."""
    one, two = rig.add(PostgreSQL("one")), rig.add(PostgreSQL("two"))
    rig.start()
    assert one.secret != two.secret
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(two.url.replace(two.secret, one.secret))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(two.socket_url.replace(two.secret, "wrong"))


def test_a_template_is_made_once_for_each_set_of_options(rig: Rig, happened: list[Event]) -> None:
    home = cache_root() / "postgresql-templates"
    rig.add(PostgreSQL())
    rig.start()
    before = {path.name for path in home.iterdir() if path.is_dir()}
    rig.add(PostgreSQL("again"))
    rig.start()
    assert {path.name for path in home.iterdir() if path.is_dir()} == before
    ascii_only = rig.add(PostgreSQL("ascii", initdb=["--encoding=SQL_ASCII", "--locale=C"]))
    rig.start()
    assert ascii_only.psql("show server_encoding") == "SQL_ASCII"
    assert not list(home.glob("*.staging"))


def test_settings_reach_the_server(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL(settings={"max_connections": "7", "fsync": "on"}))
    rig.start()
    assert postgresql.psql("show max_connections; show fsync; show synchronous_commit") == "7\non\noff"


def test_a_wrong_setting_is_told_in_the_servers_own_words(rig: Rig) -> None:
    rig.add(PostgreSQL(settings={"no_such_setting": "1"}))
    with pytest.raises(Exception, match='unrecognized configuration parameter "no_such_setting"'):
        rig.start()


def test_postgresql_does_not_run_as_root(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    owner = Path(f"/proc/{postgresql.pid}").stat().st_uid
    assert owner != 0
    assert owner == (os.geteuid() or postgresql.dir.stat().st_uid)


@pytest.mark.process_only("a container has shared memory of its own, which ends with it")
def test_a_killed_postgresql_leaves_no_shared_memory(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    pid = postgresql.pid
    made = [line for line in segments() if line.split()[4] == str(pid)]
    assert made
    # Others of this machine may have some at this moment: what this one has is what it maps.
    assert "/dev/shm/PostgreSQL" not in Path(f"/proc/{pid}/maps").read_text()
    postgresql.kill()
    assert not [line for line in segments() if line.split()[4] == str(pid)]


def segments() -> list[str]:
    return Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]


def test_the_catalogue_takes_the_options_of_every_service(rig: Rig) -> None:
    redis = rig.add(Redis("cache", env={"A": "b"}, files={"extra.conf": "# {name}"}, start_within=5, stop_within=2))
    rig.start()
    assert (redis.dir / "extra.conf").read_text() == "# cache"
    assert redis.service.start_within == 5


def test_instances_of_the_catalogue_can_do_more_than_others(rig: Rig) -> None:
    assert type(rig.add(VictoriaMetrics())) is VictoriaMetricsInstance
    assert type(rig.add(PostgreSQL())) is PostgreSQLInstance
    assert type(rig.add(Redis())) is RedisInstance


def test_a_name_that_is_not_in_the_catalogue_is_an_attribute_error() -> None:
    import metricrig.services  # noqa: PLC0415 - the module itself is what is tested

    with pytest.raises(AttributeError, match="has no attribute 'Mongo'"):
        _ = metricrig.services.Mongo
    with pytest.raises(UsageError):
        Redis("no/slash")
