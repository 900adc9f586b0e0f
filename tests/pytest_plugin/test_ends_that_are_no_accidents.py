"""Servers that end, or stand still, because a test wants it; and those that die when nobody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_plugin.killing import CONFTEST

if TYPE_CHECKING:
    from support.suites import Runs

WANTED = """
    import os, signal, time
    import pytest
    from conftest import say
    from metricrig import ready

    @pytest.fixture(autouse=True)
    def answers(redis_server):
        assert say(redis_server, "PING") == b"+PONG\\r\\n"

    def test_kill(redis_server):
        redis_server.kill()

    def test_stop(redis_server):
        redis_server.stop()

    def test_a_signal(redis_server):
        redis_server.signal(signal.SIGTERM)

    def test_a_signal_and_its_effect(redis_server):
        redis_server.signal(signal.SIGTERM)
        with pytest.raises(OSError):
            while True:
                say(redis_server, "PING")

    def test_may_die(redis_server, soon_killed):
        with redis_server.may_die():
            soon_killed(redis_server.pid)
            with pytest.raises(OSError):
                while True:
                    say(redis_server, "PING")

    def test_an_end_that_is_waited_for(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        assert redis_server.wait_for_end(within=60) == "was killed by SIGKILL"

    def test_restart(redis_server):
        redis_server.kill()
        redis_server.start()

    def test_pause(redis_server):
        redis_server.pause()

    def test_faults_that_are_left_in_force(redis_server):
        redis_server.no_open_files().start()
        redis_server.killed().start()

    def test_survived(redis_server, soon_killed):
        with redis_server.may_die():
            pass

    def test_the_last(redis_server):
        pass
"""

UNSEEN = """
    import os, select, signal
    import pytest
    from conftest import say

    def kill(pid):
        handle = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([handle], [], [])
        os.close(handle)

    @pytest.fixture
    def dies_afterwards(redis_server):
        yield
        kill(redis_server.pid)

    def test_before(dies_afterwards):
        pass

    def test_another(redis_server):
        os.environ["PID"] = str(redis_server.pid)
        assert say(redis_server, "PING") == b"+PONG\\r\\n"

    def test_without_it():
        kill(int(os.environ["PID"]))

    def test_after(redis_server):
        assert say(redis_server, "PING") == b"+PONG\\r\\n"
"""

NEVER_AGAIN = """
    import time

    def test_dies(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        time.sleep(30)

    def test_next(redis_server):
        raise AssertionError("it should not run")

    def test_without_it():
        pass

    def test_next_but_one(redis_server):
        raise AssertionError("it should not run")
"""


def test_ends_and_pauses_that_a_test_wants_fail_nobody(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=WANTED)
    assert set(ran.outcomes().values()) == {"passed"}, ran.out
    assert len(ran.summary()) == 1


def test_a_death_between_tests_harms_nobody(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=UNSEEN)
    assert set(ran.outcomes().values()) == {"passed"}, ran.out
    assert set(ran.summary()[1:]) <= {"  died: redis was killed by SIGKILL while no test used it"}


def test_on_request_a_dead_server_is_not_replaced(run: Runs) -> None:
    ran = run("--rig-on-death=fail", conftest=CONFTEST, test_it=NEVER_AGAIN)
    assert ran.outcomes() == {
        "test_dies": "failed",
        "test_next": "error",
        "test_without_it": "passed",
        "test_next_but_one": "error",
    }
    assert "redis was killed by SIGKILL before this test" in ran.why("test_next")
    assert "redis was killed by SIGKILL before this test" in ran.why("test_next_but_one")
