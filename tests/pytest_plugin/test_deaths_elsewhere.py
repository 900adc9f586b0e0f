"""Deaths of servers of a test's own rig, or of a narrower scope; deaths during a set-up; and what depends on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_plugin.killing import CONFTEST
from support.suites import AT_ONCE

if TYPE_CHECKING:
    from support.suites import Runs

OWN = """
    import time
    import pytest
    from conftest import say
    from metricrig.pytest import service
    from metricrig.services import Redis

    cache_of_module = service(Redis("cache"), scope="module")

    def test_in_the_rig_of_the_test(rig, soon_killed):
        cache = rig.add(Redis("cache"))
        rig.start()
        soon_killed(cache.pid)
        time.sleep(30)

    def test_of_a_module(cache_of_module, soon_killed):
        soon_killed(cache_of_module.pid)
        time.sleep(30)

    def test_of_a_module_again(cache_of_module):
        assert say(cache_of_module, "PING") == b"+PONG\\r\\n"

    def test_an_exit(rig):
        cache = rig.add(Redis("cache"))
        rig.start()
        say(cache, "SHUTDOWN", "NOSAVE")
        time.sleep(30)

    def test_in_the_session_rig(session_rig, soon_killed):
        cache = session_rig.add(Redis("cache"))
        session_rig.start()
        soon_killed(cache.pid)
        time.sleep(30)

    def test_with_the_next_session_rig(session_rig):
        assert len(session_rig) == 0

    def test_asked_for_within(request, soon_killed):
        redis = request.getfixturevalue("redis_server")
        soon_killed(redis.pid)
        time.sleep(30)

    def test_asked_for_again(request):
        assert say(request.getfixturevalue("redis_server"), "PING") == b"+PONG\\r\\n"

    def test_asked_for_when_it_was_made_before(request, soon_killed):
        redis = request.getfixturevalue("redis_server")
        soon_killed(redis.pid)
        time.sleep(30)
"""

SET_UP = """
    import socket, time
    import pytest
    from conftest import say

    turns = []

    @pytest.fixture(scope="session")
    def filled(redis_server):
        turns.append(1)
        say(redis_server, "SET", "a", "1")
        return redis_server

    @pytest.fixture
    def waiting(filled, soon_killed):
        soon_killed(filled.pid)
        ours, _theirs = socket.socketpair()
        with ours, _theirs:
            ours.recv(1)

    @pytest.fixture(scope="session")
    def dying(redis_server):
        say(redis_server, "SHUTDOWN", "NOSAVE")
        assert say(redis_server, "PING") == b"+PONG\\r\\n"

    def test_interrupted(waiting):
        raise AssertionError("it should not run")

    def test_a_failed_set_up(dying):
        raise AssertionError("it should not run")

    def test_filled_again(filled, redis_server):
        assert say(redis_server, "GET", "a") == b"$1\\r\\n1\\r\\n"
        assert len(turns) == 2
"""


def test_a_death_fails_the_test_whoever_owns_the_server(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=OWN)
    failed = {each for each, outcome in ran.outcomes().items() if outcome == "failed"}
    dying = {
        "test_in_the_rig_of_the_test",
        "test_of_a_module",
        "test_in_the_session_rig",
        "test_asked_for_within",
        "test_asked_for_when_it_was_made_before",
    }
    assert failed == {*dying, "test_an_exit"}, ran.out
    assert "error" not in ran.outcomes().values()
    assert all("was killed by SIGKILL during this test" in ran.why(each) for each in dying)
    assert all(ran.seconds(each) < AT_ONCE for each in failed)


def test_an_exit_with_zero_is_a_death_too(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=OWN)
    assert "cache exited with 0 during this test" in ran.why("test_an_exit")


@pytest.mark.parametrize("test", ["test_of_a_module_again", "test_with_the_next_session_rig", "test_asked_for_again"])
def test_the_next_test_gets_a_new_one_whoever_owns_it(run: Runs, test: str) -> None:
    ran = run(conftest=CONFTEST, test_it=OWN)
    assert ran.outcomes()[test] == "passed", ran.why(test)


def test_a_death_ends_a_set_up_at_once(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=SET_UP)
    assert ran.outcomes()["test_interrupted"] == "error"
    assert "redis was killed by SIGKILL during this test" in ran.why("test_interrupted")
    assert "ours.recv(1)" in ran.why("test_interrupted")
    assert ran.seconds("test_interrupted", "setup") < AT_ONCE


def test_a_set_up_that_fails_because_of_a_death_says_so(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=SET_UP)
    assert "redis exited with 0 during this test" in ran.why("test_a_failed_set_up")


def test_fixtures_that_were_made_with_a_dead_server_are_made_again(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=SET_UP)
    assert ran.outcomes()["test_filled_again"] == "passed", ran.why("test_filled_again")
