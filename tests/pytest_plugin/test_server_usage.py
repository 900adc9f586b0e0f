"""Servers that die although nobody has asked them to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pytest_plugin.killing import CONFTEST
from support.suites import AT_ONCE

if TYPE_CHECKING:
    from support.suites import Ran, Runs

BLOCKED = """
    import signal, socket, subprocess, threading, time
    import pytest
    from conftest import say

    def test_a_read(fresh, soon_killed):
        ours, _theirs = socket.socketpair()
        soon_killed(fresh.pid)
        with ours, _theirs:
            ours.recv(1)

    def test_a_sleep(fresh, soon_killed):
        soon_killed(fresh.pid)
        time.sleep(30)

    def test_a_wait_of_ours(fresh, soon_killed):
        soon_killed(fresh.pid)
        fresh.wait(lambda _: False)

    def test_a_lock(fresh, soon_killed):
        soon_killed(fresh.pid)
        threading.Event().wait()

    def test_a_program(fresh, soon_killed):
        soon_killed(fresh.pid)
        subprocess.run(["sleep", "30"])

    def test_patience(fresh, soon_killed):
        soon_killed(fresh.pid)
        while True:
            try:
                say(fresh, "PING")
            except Exception:
                time.sleep(0.01)

    def test_expectation(fresh, soon_killed):
        soon_killed(fresh.pid)
        with pytest.raises(ValueError):
            time.sleep(30)

    @pytest.fixture
    def deaf():
        '''No news comes before the test has seen the end of its connection.'''
        signal.pthread_sigmask(signal.SIG_BLOCK, range(signal.SIGRTMIN, signal.SIGRTMAX))
        yield
        signal.pthread_sigmask(signal.SIG_UNBLOCK, range(signal.SIGRTMIN, signal.SIGRTMAX))

    def test_an_assertion(fresh, soon_killed, deaf):
        with socket.create_connection((fresh.host, fresh.port)) as connection:
            connection.sendall(b"BLPOP nothing 0\\r\\n")
            soon_killed(fresh.pid)
            assert connection.recv(100) == b"something"

    def test_ignorance(fresh, soon_killed):
        soon_killed(fresh.pid)
        try:
            time.sleep(30)
        except BaseException:
            pass

    def test_the_last(fresh):
        assert say(fresh, "PING") == b"+PONG\\r\\n"
"""


TESTS = [each for each in re.findall(r"def (test_\w+)", BLOCKED) if each != "test_the_last"]


@pytest.fixture(scope="module")
def ran(run: Runs) -> Ran:
    return run(conftest=CONFTEST, test_it=BLOCKED)


@pytest.mark.parametrize("test", TESTS)
def test_a_death_ends_the_test_at_once_whatever_it_waits_for(ran: Ran, test: str) -> None:
    assert ran.outcomes()[test] == "failed"
    told = "while waiting for" if test == "test_a_wait_of_ours" else "during this test"
    assert f"redis was killed by SIGKILL {told}" in ran.why(test)
    assert ran.seconds(test) < AT_ONCE


def test_each_next_test_gets_a_new_server_without_data_at_the_same_address(ran: Ran) -> None:
    """The fixture of the suite asserts it, in every test."""
    assert "error" not in ran.outcomes().values()
    assert ran.outcomes()["test_the_last"] == "passed"
    assert ran.summary()[0].startswith(f"metricrig: {len(TESTS) + 1} servers started in ")


def test_what_the_test_was_doing_is_still_shown(ran: Ran) -> None:
    assert "ours.recv(1)" in ran.why("test_a_read")
    assert "the test saw: AssertionError: assert b'' == b'something'" in ran.why("test_an_assertion")


def test_the_plugin_does_not_show_its_own_code(ran: Ran) -> None:
    assert "pytest_runtest_call" not in ran.out
