"""Isolated handles of servers that somebody else runs: what is there already is never touched."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from metricrig import MetricrigError, Rig, UsageError
from metricrig.services import NATS, Etcd, Memcached, PostgreSQL, Prometheus, Redis, VictoriaMetrics
from metricrig.services.redis_claims import Claims
from metricrig.services.resp_protocol import converse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from metricrig import Instance
    from metricrig.services import PostgreSQLInstance, RedisInstance

KINDS = (Etcd, Memcached, NATS, PostgreSQL, Prometheus, Redis, VictoriaMetrics)


@pytest.fixture(scope="module")
def theirs() -> Iterator[Rig]:
    """One server of each kind, of another rig: as far as the tests' rigs know, somebody else's."""
    with Rig("theirs") as rig:
        for each in KINDS:
            rig.add(each())
        rig.start()
        yield rig


@pytest.fixture
def few(rig: Rig) -> RedisInstance:
    """Somebody else's Redis, with databases 0 to 3."""
    redis = rig.add(Redis("theirs", databases=4))
    rig.start()
    return redis


def say(redis: Instance, number: int, *words: str) -> Any:
    return converse("redis", (redis.host, redis.port), [("SELECT", str(number)), words])[-1]


def in_another_process(url: str, pipe: Any) -> None:
    """Take a database and write into it; end without giving it back."""
    with Rig("other") as rig:
        database = rig.attach(Redis(), url).isolated()
        say(database.server, database.number, "SET", "left", "behind")
        pipe.send(database.number)
        pipe.recv()
        pipe.send("never")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_recognised_and_no_other_is_taken_for_it(theirs: Rig, rig: Rig, kind: Any) -> None:
    name = kind().name
    attached = rig.attach(kind(), theirs[name].url)
    assert attached.port == theirs[name].port
    for other in theirs:
        if other.name != name:
            scheme = attached.url.partition(":")[0]
            with pytest.raises(MetricrigError, match="no such server can be used at"):
                rig.attach(kind("wrong"), f"{scheme}://{other.address()}")


def test_only_an_empty_database_of_redis_is_taken(few: RedisInstance, rig: Rig) -> None:
    """Neither one that holds something, nor one that another process has, nor what that has left when it was killed."""
    say(few, 0, "SET", "theirs", "0")
    say(few, 1, "SET", "theirs", "1")
    attached = rig.attach(Redis(), few.url)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    other = context.Process(target=in_another_process, args=[few.url, there])
    other.start()
    try:
        assert here.poll(60)
        assert here.recv() == 2
        with attached.isolated() as mine:
            assert mine.number == 3
            assert mine.url == f"redis://127.0.0.1:{few.port}/3"
            say(few, 3, "SET", "mine", "3")
            with pytest.raises(UsageError, match="none of its databases from 1 on is empty and free"):
                attached.isolated()
    finally:
        other.kill()
        other.join()
    assert say(few, 3, "DBSIZE") == 0
    with attached.isolated() as again:
        assert again.number == 3
    assert [say(few, number, "DBSIZE") for number in range(4)] == [1, 1, 1, 0]
    assert say(few, 2, "GET", "left") == "behind"


def test_a_database_that_somebody_has_begun_to_use_is_not_taken_again(few: RedisInstance, rig: Rig) -> None:
    attached = rig.attach(Redis(), few.url)
    with attached.isolated() as mine:
        assert mine.number == 1
    say(few, 1, "SET", "theirs", "1")
    with attached.isolated() as other:
        assert other.number == 2
    assert say(few, 1, "GET", "theirs") == "1"


def test_of_two_that_claim_one_database_at_most_one_has_it(few: RedisInstance) -> None:
    """Three at once for three databases: each gets one, and no two the same."""
    for _ in range(20):
        several = [Claims("redis", (few.host, few.port), []) for _ in range(3)]
        with ThreadPoolExecutor(3) as threads:
            taken = list(threads.map(Claims.take, several))
        assert sorted(each.number for each in taken) == [1, 2, 3]
        for claims, claim in zip(several, taken, strict=True):
            claims.give_back(claim)
            claims.release()


def test_databases_of_another_machine_are_left_alone(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine has other locks, so both are its first process; each drops what is its own."""
    server = rig.add(PostgreSQL("theirs"))
    rig.start()
    server.psql("CREATE ROLE shop LOGIN CREATEDB PASSWORD 'p@ss{word}'; CREATE DATABASE shop OWNER shop")
    url = f"postgresql://shop:p%40ss{{word}}@127.0.0.1:{server.port}/shop"
    handles = []
    with Rig("one") as one, Rig("other") as other, server.isolated() as owners:
        for number, machine in enumerate((one, other)):
            monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / str(number)))
            handles.append(machine.attach(PostgreSQL(), url).isolated())
            handles[-1].execute("CREATE TABLE mine (id int)")
        monkeypatch.undo()
        for handle in handles:
            assert handle.execute("SELECT * FROM mine") == []
            assert handle.psql("SELECT current_user") == "shop"
        assert owners.execute("SELECT 1") == [("1",)]
        assert clones(server) >= {each.name for each in [*handles, owners]}
    left = clones(server)
    assert not left & {each.name for each in handles}
    assert {"shop", "postgres"} <= left


def test_a_user_who_may_not_make_databases_is_told_so(rig: Rig) -> None:
    server = rig.add(PostgreSQL("theirs"))
    rig.start()
    server.psql("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    with pytest.raises(MetricrigError, match="ALTER ROLE guest CREATEDB"):
        rig.attach(PostgreSQL(), f"postgresql://guest:guest@127.0.0.1:{server.port}/postgres")
    with pytest.raises(UsageError, match="TLS to a PostgreSQL is not supported"):
        rig.attach(PostgreSQL(), f"postgresql://guest@127.0.0.1:{server.port}/postgres?sslmode=require")


def test_somebody_elses_memcached_is_not_flushed(theirs: Rig, rig: Rig) -> None:
    attached = rig.attach(Memcached(), theirs["memcached"].url)
    with pytest.raises(UsageError, match="would have to be flushed"):
        attached.isolated()


def clones(server: PostgreSQLInstance) -> set[str]:
    return set(server.psql("SELECT datname FROM pg_database").splitlines())


@pytest.mark.parametrize("fault", ["paused", "killed", "disk_full", "no_open_files", "little_cpu"])
def test_nothing_is_done_to_what_somebody_else_runs(few: RedisInstance, rig: Rig, fault: str) -> None:
    attached = rig.attach(Redis("attached"), few.url)
    with pytest.raises(UsageError, match="somebody else's server"):
        getattr(attached, fault)().start()
    assert list(rig._faults) == []
    assert few.state == "ready"
