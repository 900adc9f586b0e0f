"""The last lines of a session, and what other programs read of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from support.suites import Ran, Runs

TESTS = """
    import pytest

    def test_passes(redis_server):
        pass

    def test_fails(redis_server):
        assert 1 == 2, "100% wrong: a, b"

    @pytest.fixture
    def broken(redis_server):
        yield
        raise ValueError("broken end")

    def test_fails_twice(broken):
        raise ValueError("broken test")

    def test_fails_without():
        raise ValueError("nothing to do with servers")
"""

UNUSED = """
    import sys

    FORBIDDEN = ("numpy", "psycopg", "redis", "docker", "urllib3", "filelock", "rich", "click", "metricrig.rig",
        "metricrig.instance", "metricrig.services.redis", "metricrig.tools",
        "metricrig.metrics", "metricrig._core.events",
        *(f"metricrig.pytest_plugin.{each}" for each in ("xdist", "live_fixtures", "interrupt", "chaos")))

    def test_not_imported(request):
        assert "metricrig.pytest_plugin" in sys.modules
        assert [each for each in FORBIDDEN if each in sys.modules] == []

    def test_its_modules_are_imported_without_rewriting_and_those_of_tests_with():
        rewriting = type(sys.modules[__name__].__spec__.loader)
        assert rewriting.__name__ == "AssertionRewritingHook"
        assert type(sys.modules["metricrig.pytest_plugin.session"].__spec__.loader) is not rewriting
        assert rewriting in map(type, sys.meta_path)

    def test_fails():
        raise ValueError

    def test_at_the_end():
        assert [each for each in FORBIDDEN if each in sys.modules] == []
"""


@pytest.fixture(scope="module")
def ran(run: Runs) -> Ran:
    return run("--junitxml=junit.xml", test_it=TESTS, env={"GITHUB_ACTIONS": "true"})


def test_the_summary_counts_what_was_started(ran: Ran) -> None:
    assert len(ran.summary()) == 1
    assert re.fullmatch(r"metricrig: 1 server started in \d+\.\d\d s, no leaks", ran.summary()[0])


def test_the_summary_is_there_when_it_is_to_be_quiet(run: Runs) -> None:
    assert "metricrig: 1 server started in" in run("-q", test_it="def test_one(redis_server): pass").out


def test_a_session_without_servers_says_nothing_and_imports_nothing(run: Runs) -> None:
    ran = run(test_it=UNUSED)
    assert ran.outcomes() == {
        "test_not_imported": "passed",
        "test_its_modules_are_imported_without_rewriting_and_those_of_tests_with": "passed",
        "test_fails": "failed",
        "test_at_the_end": "passed",
    }, ran.out
    assert ran.summary() == []
    assert "metricrig:" not in ran.out.replace("plugins: xdist", "")


def test_collecting_starts_nothing(run: Runs) -> None:
    ran = run("--collect-only", test_it=TESTS)
    assert ran.summary() == []


def test_github_shows_failures_with_servers_beside_the_code(ran: Ran) -> None:
    lines = [line for line in ran.out.splitlines() if line.startswith("::error ")]
    assert [re.search(r"title=([^,]*)::", line)[1] for line in lines] == [  # type: ignore[index]
        "test_it.py%3A%3Atest_fails",
        "test_it.py%3A%3Atest_fails_twice",
        "test_it.py%3A%3Atest_fails_twice",
    ]
    assert lines[0].startswith("::error file=test_it.py,line=7,title=")
    assert "::AssertionError: 100%25 wrong: a, b%0Aassert 1 == 2%0A" in lines[0]
    assert re.search(r"%0A<RedisInstance redis ready 127\.0\.0\.1:\d+ pid=", lines[0])


def test_elsewhere_there_are_no_annotations(run: Runs) -> None:
    assert "::error" not in run(test_it=TESTS).out


def test_junit_knows_the_servers_of_each_test(ran: Ran) -> None:
    found: dict[str, list[dict[str, str]]] = {}
    for case in ET.parse(Path(ran.directory) / "junit.xml").iter("testcase"):  # noqa: S314 - we have written it
        found.setdefault(case.attrib["name"], []).extend(each.attrib for each in case.iter("property"))
    names = {test: [each["name"] for each in properties] for test, properties in found.items()}
    assert names == {
        "test_passes": ["metricrig.redis"],
        "test_fails": ["metricrig.redis"],
        "test_fails_twice": ["metricrig.redis"],
        "test_fails_without": [],
    }
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["test_passes"][0]["value"])
