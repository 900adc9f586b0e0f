"""Rigs as fixtures; rigs that users make themselves; and rigs that nobody closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.suites import Ran, Runs

RIGS = """
    import pytest
    from metricrig import Rig, Service

    rigs = []

    @pytest.fixture
    def sleeper():
        return Service(name="sleeper", command=["sleep", "1000"])

    @pytest.fixture(scope="module")
    def users():
        with Rig("users") as rig:
            yield rig

    @pytest.fixture
    def users_for_a_test():
        with Rig("for-a-test") as rig:
            yield rig

    @pytest.mark.parametrize("turn", [1, 2])
    def test_fresh(rig, turn, sleeper):
        assert rig.id not in [each.id for each in rigs]
        assert len(rig) == 0
        rigs.append(rig)
        rig.add(sleeper)
        rig.start()

    def test_closed():
        assert [each["sleeper"].state for each in rigs] == ["closed", "closed"]
        assert not any(each.directory.exists() for each in rigs)

    def test_session(session_rig, sleeper):
        session_rig.add(sleeper)
        session_rig.start()

    def test_session_again(session_rig, rig):
        assert session_rig is not rig
        assert session_rig["sleeper"].state == "ready"

    def test_of_users(users, users_for_a_test, request):
        with Rig("closed") as rig:
            pass

    def test_of_users_again(users):
        assert users.directory.exists()

    def test_leak(sleeper):
        rig = Rig("forgotten")
        rig.add(sleeper)
        rig.start()
        rigs.append(rig)

    def test_leak_of_a_failure():
        rigs.append(Rig("failed"))
        raise ValueError

    def test_leaks_are_closed():
        assert not rigs[-1].directory.exists()
        assert rigs[-2]["sleeper"].state == "closed"
"""


@pytest.fixture(scope="module")
def ran(run: Runs) -> Ran:
    return run(test_rigs=RIGS)


def test_a_rig_is_fresh_for_each_test_and_the_sessions_lives_on(ran: Ran) -> None:
    assert [each for each, outcome in ran.outcomes().items() if outcome != "passed"] == ["test_leak_of_a_failure"]


def test_a_rig_that_a_test_leaves_open_is_a_leak_and_is_closed(ran: Ran) -> None:
    first, *leaks = ran.summary()
    assert first.endswith(", 2 leaks")
    assert len(leaks) == 2
    assert leaks[0].startswith("  leak: test_rigs.py::test_leak left forgotten-")
    assert leaks[0].endswith(" open; use it in a with block, or take the fixture rig")
    assert leaks[1].startswith("  leak: test_rigs.py::test_leak_of_a_failure left failed-")
    assert ran.outcomes()["test_leaks_are_closed"] == "passed"
