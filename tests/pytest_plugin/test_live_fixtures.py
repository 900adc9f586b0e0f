"""Rigs that tests and fixtures of users open themselves are tracked like those of our fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_plugin.killing import CONFTEST

if TYPE_CHECKING:
    from support.suites import Ran, Runs

DEATHS = """
    import time
    import pytest
    from metricrig import Rig
    from metricrig.services import Redis
    from conftest import say

    def opened(name):
        rig = Rig(name)
        rig.add(Redis(name))
        rig.start()
        return rig

    @pytest.fixture
    def of_a_test():
        with opened("mine") as rig:
            yield rig["mine"]

    @pytest.fixture(scope="module")
    def of_a_module():
        with opened("ours") as rig:
            yield rig["ours"]

    @pytest.fixture
    def by_another(of_a_module):
        return of_a_module

    def test_dies(of_a_test, soon_killed):
        soon_killed(of_a_test.pid)
        time.sleep(30)

    def test_goes_on(of_a_test, soon_killed):
        soon_killed(of_a_test.pid)
        try:
            time.sleep(30)
        except BaseException:
            pass

    def test_of_a_module(of_a_module):
        assert say(of_a_module, "PING") == b"+PONG\\r\\n"

    def test_dies_when_it_was_made_before(by_another, soon_killed):
        soon_killed(by_another.pid)
        time.sleep(30)

    def test_gets_another(by_another):
        assert say(by_another, "PING") == b"+PONG\\r\\n"

    def test_of_nobody():
        pass

    def test_in_the_test(soon_killed):
        with opened("own") as rig:
            soon_killed(rig["own"].pid)
            time.sleep(30)

    def test_in_the_test_and_closed(soon_killed):
        with opened("own") as rig:
            soon_killed(rig["own"].pid)
            try:
                time.sleep(30)
            except BaseException:
                pass

    def test_an_error_that_it_explains(soon_killed):
        with opened("own") as rig:
            own = rig["own"]
            soon_killed(own.pid)
            while True:
                say(own, "PING")
"""

FAILURES = """
    import pytest
    from metricrig import Rig, Service

    @pytest.fixture(scope="module")
    def talker():
        with Rig("theirs") as rig:
            rig.add(Service(name="talker", command=["sh", "-c", "echo hello; sleep 1000"]))
            rig.start()
            rig["talker"].logs.wait("hello")
            yield rig["talker"]

    def test_earlier(talker): pass

    def test_fixture(talker):
        raise ValueError

    def test_of_none():
        raise ValueError

    def test_block():
        with Rig("own") as rig:
            rig.add(Service(name="shouter", command=["sh", "-c", "echo HELLO; sleep 1000"]))
            rig.start()
            rig["shouter"].logs.wait("HELLO")
            raise ValueError

    def test_after_the_block():
        with Rig("own") as rig:
            rig.add(Service(name="shouter", command=["sh", "-c", "echo HELLO; sleep 1000"]))
            rig.start()
            rig["shouter"].logs.wait("HELLO")
        raise ValueError
"""

EVERYBODYS = """
    import time
    from metricrig import Rig
    from metricrig.services import Redis

    rig = Rig("global")
    rig.add(Redis("everybodys"))
    rig.start()

    def test_dies(soon_killed):
        soon_killed(rig["everybodys"].pid)
        time.sleep(30)
"""

LATE = """
    def test_leaks():
        from metricrig import Rig
        Rig("forgotten")

    def test_next(): pass
"""


@pytest.fixture(scope="module")
def deaths(run: Runs) -> Ran:
    return run(conftest=CONFTEST, test_it=DEATHS)


@pytest.mark.parametrize(
    ("test", "server"),
    [
        ("test_dies", "mine"),
        ("test_goes_on", "mine"),
        ("test_dies_when_it_was_made_before", "ours"),
        ("test_in_the_test", "own"),
        ("test_in_the_test_and_closed", "own"),
        ("test_an_error_that_it_explains", "own"),
    ],
)
def test_a_death_fails_the_test(deaths: Ran, test: str, server: str) -> None:
    assert deaths.outcomes()[test] == "failed", deaths.out
    assert f"{server} was killed by SIGKILL during this test" in deaths.why(test)
    assert server in deaths.sections(test)


@pytest.mark.parametrize("test", ["test_of_a_module", "test_gets_another", "test_of_nobody"])
def test_other_tests_are_not_harmed(deaths: Ran, test: str) -> None:
    assert deaths.outcomes()[test] == "passed", deaths.out


def test_a_rig_that_no_test_has_opened_is_everybodys(run: Runs) -> None:
    ran = run(conftest=CONFTEST, test_it=EVERYBODYS)
    assert "everybodys was killed by SIGKILL during this test" in ran.why("test_dies")


def test_failures_have_a_section_for_each_server(run: Runs) -> None:
    ran = run(test_it=FAILURES)
    assert list(ran.sections("test_fixture")) == ["talker"]
    assert ran.sections("test_of_none") == {}
    for test in ("test_block", "test_after_the_block"):
        assert "HELLO" in ran.sections(test)["shouter"]


def test_a_rig_left_open_is_told_though_metricrig_is_imported_by_the_test_alone(run: Runs) -> None:
    ran = run(test_it=LATE)
    assert ran.summary()[0].endswith(", 1 leak")
    assert ran.summary()[1].startswith("  leak: test_it.py::test_leaks left forgotten-")
