"""Sessions on servers that somebody else runs: nothing is started, nothing stopped, nothing of theirs is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from metricrig import Rig
from metricrig.services import PostgreSQL, Redis
from metricrig.services.resp_protocol import converse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.sessions import Project

    from metricrig import Instance
    from metricrig.services import PostgreSQLInstance, RedisInstance

TESTS = """
import pytest
from metricrig.pytest import isolated
from metricrig.services.resp_protocol import converse

def schema(database):
    database.execute("CREATE TABLE orders (id serial, item text)")

orders = isolated("postgresql_server", setup=schema)

@pytest.mark.parametrize("number", range(10))
def test_both(number, orders, redis, redis_server, record_testsuite_property):
    assert orders.execute("INSERT INTO orders (item) VALUES ('tea') RETURNING id") == [("1",)]
    _, size, _ = converse("redis", (redis.host, redis.port), [("SELECT", redis.name), ("DBSIZE",), ("SET", "a", "b")])
    assert size == 0
    assert redis_server.attached

def test_it_cannot_be_stopped(redis_server):
    with pytest.raises(Exception, match="somebody else's"):
        redis_server.stop()
"""
PASSWORD = "a-password-of-24-letters"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQLInstance]:
    with Rig("theirs") as rig:
        server = rig.add(PostgreSQL())
        rig.start()
        server.psql("CREATE TABLE precious (id int); INSERT INTO precious VALUES (1)")
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisInstance]:
    with Rig("theirs") as rig:
        server = rig.add(Redis(password=True, databases=16))
        rig.start()
        say(server, 0, "SET", "precious", "0")
        say(server, 1, "SET", "precious", "1")
        yield server


def say(server: Instance, number: int, *words: str) -> object:
    login = ("AUTH", server.secret)
    return converse("redis", (server.host, server.port), [login, ("SELECT", str(number)), words])[-1]


def test_two_workers_use_what_runs_and_leave_it_as_it_was(
    project: Project, postgresql: PostgreSQLInstance, redis: RedisInstance
) -> None:
    text = TESTS.replace('[("SELECT"', f'[("AUTH", {redis.secret!r}), ("SELECT"').replace("_, size", "_, _, size")
    project.write(test_theirs=text)
    pids = postgresql.pid, redis.pid
    said = project.run(
        *("-n", "2", f"--rig-server=redis={redis.url}"),
        METRICRIG_POSTGRESQL_URL=postgresql.url,
        METRICRIG_CACHE=str(project.path / "cache"),
        PATH="/nowhere",
    )
    assert said.counts == {"passed": 11}, said.text
    assert "0 servers started" in said.text
    assert "2 attached, 20 isolated, no leaks" in said.text
    assert (postgresql.pid, redis.pid) == pids
    assert (postgresql.state, redis.state) == ("ready", "ready")
    assert postgresql.psql("SELECT * FROM precious") == "1"
    assert [say(redis, number, "DBSIZE") for number in range(4)] == [1, 1, 0, 0]
    left = postgresql.psql("SELECT datname FROM pg_database WHERE datname LIKE 'metricrig%'").splitlines()
    assert [each for each in left if "_template_" not in each] == []


def test_one_that_cannot_be_used_is_an_error_and_no_skip(project: Project) -> None:
    """Its password is in nothing that is said, and a typo does not start a server in its place."""
    project.write(test_theirs="def test_it(redis): pass")
    said = project.run(f"--rig-server=redis=redis://:{PASSWORD}@127.0.0.1:1", "--no-rig-strict", "--showlocals")
    assert said.counts == {"error": 1}, said.text
    assert "no such server can be used at redis://:***@127.0.0.1:1" in said.text
    assert PASSWORD not in said.text
    assert "servers started" not in said.text


@pytest.mark.parametrize(
    ("option", "why"),
    [
        (f"reddis=redis://:{PASSWORD}@127.0.0.1:1", "no fixture is called 'reddis'; there is: etcd, memcached"),
        (f"redis://:{PASSWORD}@127.0.0.1:1", "rig_server is NAME=URL"),
        (f"redis=:{PASSWORD}", "rig_server is NAME=URL"),
    ],
)
def test_an_option_that_means_nothing_is_refused(project: Project, option: str, why: str) -> None:
    project.write(test_theirs="def test_it(redis): pass")
    said = project.run(f"--rig-server={option}")
    assert said.status == pytest.ExitCode.USAGE_ERROR
    assert why in said.text
    assert PASSWORD not in said.text


def test_a_failed_test_shows_its_server_without_log_and_password(project: Project, redis: RedisInstance) -> None:
    project.write(test_theirs="def test_it(redis): url = redis.url; assert not url")
    (project.path / "pytest.ini").write_text(f"[pytest]\nrig_server =\n    redis={redis.url}\n", encoding="utf-8")
    said = project.run("--showlocals")
    assert said.counts == {"failed": 1}, said.text
    assert f"<RedisInstance redis attached 127.0.0.1:{redis.port}>" in said.text
    assert redis.secret not in said.text
