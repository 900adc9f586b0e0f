"""A fresh database for each test on a running server: metricrig against what the plugins' fixtures do for a test."""

from __future__ import annotations

import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.finding import Report, Target, compare
from bench.peers import installed
from bench.rounds import interleave
from metricrig import Rig
from metricrig.services import PostgreSQL, Redis, VictoriaMetrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.rounds import Attempt
    from metricrig.services import PostgreSQLDatabase
    from metricrig.services.postgresql import PostgreSQLInstance
    from metricrig.services.redis import RedisInstance

TARGET = Target(0.2)
AT_MOST = Target(1, unit="ms")
TESTS = 100  # more than the pool can have made ahead, or leave for later
ROUNDS = 5
WORK = 0.02
TEMPLATE = "tests_tmpl"
NOTES = (
    f"Milliseconds for one of {TESTS} tests: taking a database and giving it back, no client connected.",
    "pytest-postgresql: what its `postgresql` fixture has its janitor do. pytest-redis: a client and flushall.",
    "Both use the same server, metricrig's, in memory.",
    f"A test of {WORK * 1000:.0f} ms does nothing in that time, which is not counted.",
)


def run(scale: float) -> Report:
    """Tests that follow each other as fast as they can, and tests that take their time."""
    rounds = max(3, round(ROUNDS * scale))
    findings = []
    with Rig("bench", data="tmpfs") as rig:
        postgresql, redis, vm = rig.add(PostgreSQL()), rig.add(Redis()), rig.add(VictoriaMetrics())
        rig.start()
        postgresql.psql(f"CREATE DATABASE {TEMPLATE}")
        if installed("pytest_postgresql"):
            for about, work in (
                ("a database, tests of 0 ms", 0.0),
                (f"a database, tests of {WORK * 1000:.0f} ms", WORK),
            ):
                contenders: dict[str, Attempt] = {
                    "pytest-postgresql": _tests(lambda: _Janitor(postgresql), work),
                    "metricrig": _settled(postgresql, _tests(lambda: postgresql.isolated(fill), work)),
                }
                timings = interleave(contenders, rounds)
                findings += compare(about, timings, base="pytest-postgresql", targets={"metricrig": TARGET})
        if installed("pytest_redis"):
            both: dict[str, Attempt] = {
                "pytest-redis": _tests(lambda: _Flushing(redis), 0.0),
                "metricrig": _tests(redis.isolated, 0.0),
            }
            timings = interleave(both, rounds)
            findings += compare("a Redis database", timings, base="pytest-redis", targets={"metricrig": AT_MOST})
        alone = interleave({"metricrig": _tests(vm.isolated, 0.0)}, rounds)
        findings += compare("a view of VictoriaMetrics", alone, base="", targets={"metricrig": AT_MOST})
    return Report(findings, NOTES)


def fill(database: PostgreSQLDatabase) -> None:
    """Nothing: the other template is empty too."""
    database.execute("SELECT 1")


def _tests(isolated: Callable[[], Any], work: float) -> Attempt:
    def attempt() -> float:
        seconds = 0.0
        for _ in range(TESTS):
            began = time.perf_counter()
            handle = isolated()
            seconds += time.perf_counter() - began
            time.sleep(work)
            began = time.perf_counter()
            handle.close()
            seconds += time.perf_counter() - began
        return seconds / TESTS

    return attempt


def _settled(postgresql: PostgreSQLInstance, attempt: Attempt) -> Attempt:
    """What goes on in the background afterwards must not slow down whoever comes next."""
    postgresql.isolated(fill).close()
    time.sleep(1)
    idle = postgresql.psql("SELECT count(*) FROM pg_database")

    def attempt_and_settle() -> float:
        seconds = attempt()
        while postgresql.psql("SELECT count(*) FROM pg_database") != idle:
            time.sleep(0.01)
        return seconds

    return attempt_and_settle


class _Janitor:
    """As pytest_postgresql.factories.client has it."""

    def __init__(self, postgresql: PostgreSQLInstance) -> None:
        self._janitor = import_module("pytest_postgresql.janitor").DatabaseJanitor(
            user="postgres",
            host=postgresql.host,
            port=postgresql.port,
            dbname="tests",
            template_dbname=TEMPLATE,
            maintenance_dbname="postgres",
            password=postgresql.secret,
        )
        self._janitor.drop()
        self._janitor.init()

    def close(self) -> None:
        self._janitor.drop()


class _Flushing:
    """As pytest_redis.factories.client has it."""

    def __init__(self, redis: RedisInstance) -> None:
        self._client = import_module("redis").Redis(redis.host, redis.port, 0)

    def close(self) -> None:
        self._client.flushall()
        self._client.close()
