"""A client in C, waiting for a server that is no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_plugin.killing import CONFTEST
from support.suites import AT_ONCE

if TYPE_CHECKING:
    from support.suites import Runs

THREE = """
    import psycopg

    def test_one(postgresql_server, soon_killed):
        with psycopg.connect(postgresql_server.url) as connection:
            soon_killed(postgresql_server.pid)
            connection.execute("select pg_sleep(30)")

    def test_two(postgresql_server):
        with psycopg.connect(postgresql_server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)

    def test_three(postgresql_server):
        assert postgresql_server.psql("select 1") == "1"
"""

MORE = """
    import os, signal
    import psycopg

    def test_all_of_it(postgresql_server, soon_killed):
        with psycopg.connect(postgresql_server.url, autocommit=True) as connection:
            connection.execute("create table left_over (id int)")
            soon_killed(postgresql_server.pid, connection.info.backend_pid)
            connection.execute("select pg_sleep(30)")

    def test_frozen_before(postgresql_server, soon_killed):
        with psycopg.connect(postgresql_server.url) as connection:
            assert connection.execute("select to_regclass('left_over')").fetchone() == (None,)
            for pid in (postgresql_server.pid, connection.info.backend_pid):
                os.kill(pid, signal.SIGSTOP)
            soon_killed(postgresql_server.pid)
            connection.execute("select pg_sleep(30)")

    def test_after(postgresql_server):
        with psycopg.connect(postgresql_server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
"""


def test_a_postgresql_that_is_killed_costs_one_failure_in_less_than_a_second(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=THREE)
    assert ran.outcomes() == {"test_one": "failed", "test_two": "passed", "test_three": "passed"}
    assert "postgresql was killed by SIGKILL during this test" in ran.why("test_one")
    assert ran.seconds("test_one") < AT_ONCE


@pytest.mark.parametrize("test", ["test_all_of_it", "test_frozen_before"])
def test_a_client_in_c_is_interrupted_too(run: Runs, test: str) -> None:
    ran = run(conftest=CONFTEST, test_it=MORE)
    assert ran.outcomes() == {"test_all_of_it": "failed", "test_frozen_before": "failed", "test_after": "passed"}
    assert "postgresql was killed by SIGKILL during this test" in ran.why(test)
    assert ran.seconds(test) < AT_ONCE
