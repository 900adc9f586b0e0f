"""Fixtures of servers, as pytest's users expect fixtures to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.suites import Suite

if TYPE_CHECKING:
    from support.suites import Ran, Runs

SERVICES = """
    import socket
    from metricrig import Service
    from metricrig.services import Redis

    def sleeper(name, **fields):
        return Service(name=name, command=["sleep", "1000"], **fields)

    def say(redis, *words):
        with socket.create_connection((redis.host, redis.port)) as connection:
            connection.sendall(" ".join(words).encode() + b"\\r\\n")
            return connection.recv(1000).decode()

    def option(redis, name):
        return say(redis, "CONFIG", "GET", name).split("\\r\\n")[-2]
"""

MAKING = """
    import pytest
    from metricrig.pytest import service
    from metricrig.services import Redis
    from services import option, sleeper

    one = service(sleeper("one"))
    several = service(sleeper("left"), sleeper("right"), scope="module")
    labelled = service(sleeper("left"), sleeper("right"), ids=["a", "b"], scope="module")
    named_otherwise = service(sleeper("third"), name="third")
    twin = service(sleeper("one", env={"TWIN": "1"}))
    same = service(sleeper("one"))
    alone = service(sleeper("alone"), shared=False)

    @pytest.fixture(scope="session")
    def memory():
        return "50mb"

    @service
    def without_parentheses(memory):
        "Documented."
        return Redis("plain", args=["--maxmemory", memory])

    @service(scope="module", params=["4", "8"])
    def with_parameters(memory, request):
        return Redis("cache", args=["--databases", request.param, "--maxmemory", memory])

    def test_one(one):
        assert (one.name, one.state) == ("one", "ready")

    def test_one_again(one, request):
        assert one.pid == request.getfixturevalue("one").pid

    def test_several(several):
        assert several.state == "ready"

    def test_labelled(labelled):
        assert labelled.state == "ready"

    def test_name(third):
        assert third.name == "third"

    def test_twins(one, twin):
        assert one.pid != twin.pid
        assert twin.name.startswith("one-")

    def test_the_same_description_is_the_same_server(one, same):
        assert one.pid == same.pid

    def test_alone(alone):
        assert alone.state == "ready"

    def test_fixtures_as_arguments(without_parentheses):
        assert option(without_parentheses, "maxmemory") == str(50 << 20)

    def test_parameters(with_parameters):
        assert option(with_parameters, "databases") in {"4", "8"}
        assert option(with_parameters, "maxmemory") == str(50 << 20)
"""

SCOPES = """
    import pytest
    from metricrig.pytest import service
    from services import sleeper

    of_function = service(sleeper("of-function"), scope="function")
    of_class = service(sleeper("of-class"), scope="class")
    of_module = service(sleeper("of-module"), scope="module")
    of_choice = service(sleeper("of-choice"), scope=lambda fixture_name, config: "module")
    always = service(sleeper("always"), scope="module", autouse=True)
    pids, seen = {}, []

    def remember(*instances):
        for each in instances:
            assert each.state == "ready"
            pids.setdefault(each.name, []).append(each.pid)
            seen.append(each)

    class TestFirst:
        own = service(sleeper("own"), scope="function")

        @service(scope="function")
        def method(self, of_class):
            assert isinstance(self, TestFirst)
            return sleeper("method", needs=[of_class])

        def test_a(self, of_function, of_class, of_module, of_choice, own, method):
            remember(of_function, of_class, of_module, of_choice, own, method)

        def test_b(self, of_function, of_class, of_module, of_choice, own, method):
            remember(of_function, of_class, of_module, of_choice, own, method)

    class TestSecond:
        def test_c(self, of_function, of_class, of_module):
            remember(of_function, of_class, of_module)

    def test_how_many():
        numbers = {name: len(set(each)) for name, each in pids.items()}
        assert numbers == {"of-function": 3, "of-class": 2, "of-module": 1, "of-choice": 1, "own": 2, "method": 2}
        states = {each.name: each.state for each in seen}
        assert states == {
            "of-function": "closed", "of-class": "closed", "of-module": "ready",
            "of-choice": "ready", "own": "closed", "method": "closed",
        }

    def test_autouse(request):
        assert "always" in request.fixturenames
        assert request.getfixturevalue("always").state == "ready"
"""

OVERRIDING = """
    from metricrig.pytest import service
    from metricrig.services import Redis
    from services import option

    @service(scope="module")
    def redis_server():
        return Redis("mine", args=["--databases", "32"])

    def test_in_a_module(redis_server):
        assert redis_server.name == "mine"
        assert option(redis_server, "databases") == "32"
"""

OVERRIDDEN_FOR_ALL = """
    from metricrig.pytest import service
    from metricrig.services import Redis

    @service
    def redis_server():
        return Redis(version=">=5", args=["--databases", "64"])
"""

OVERRIDDEN = """
    import pytest
    from services import option

    def test_in_the_conftest(redis_server):
        assert option(redis_server, "databases") == "64"

    @pytest.fixture
    def victoriametrics_server(redis_server):
        return redis_server

    def test_by_an_ordinary_fixture(victoriametrics_server):
        assert option(victoriametrics_server, "databases") == "64"
"""

NEEDING = """
    import os, subprocess
    from pathlib import Path
    from metricrig import Service
    from metricrig.pytest import service
    from services import sleeper

    @service(scope="module")
    def shop(redis_server):
        return sleeper("shop", env={"REDIS_URL": redis_server.inside.url}, needs=[redis_server])

    def environment_of(instance):
        found = ""  # while a program is being executed; a service without a probe is ready by then
        while not found:
            found = Path(f"/proc/{instance.pid}/environ").read_text()
        return found.split("\\0")

    def test_of_a_fixture(shop, redis_server):
        assert f"REDIS_URL={redis_server.url}" in environment_of(shop)

    def test_of_the_rig(rig, redis_server):
        url = redis_server.inside.url
        client = rig.add(sleeper("client", env={"REDIS_URL": url}, needs=[redis_server]))
        rig.start()
        assert f"REDIS_URL={redis_server.url}" in environment_of(client)
"""

FILES = {
    "services": SERVICES,
    "conftest": OVERRIDDEN_FOR_ALL,
    "test_overridden": OVERRIDDEN,
    "test_own": OVERRIDING,
    "test_making": MAKING,
    "test_scopes": SCOPES,
    "test_needing": NEEDING,
}


@pytest.fixture(scope="module")
def ran(run: Runs) -> Ran:
    return run.suite(Suite(files=FILES))


def test_fixtures_of_services_behave_as_any_fixture(ran: Ran) -> None:
    assert set(ran.outcomes().values()) == {"passed"}, ran.out


def test_of_several_services_each_test_runs_with_each(ran: Ran) -> None:
    names = ["several[left]", "several[right]", "labelled[a]", "labelled[b]", "parameters[4]", "parameters[8]"]
    assert {f"test_{each}" for each in names} <= set(ran.outcomes())


def test_a_server_that_is_overridden_is_not_used(run: Runs) -> None:
    """It runs, for others; its death or its log is no business of this test."""
    ran = run(
        services=SERVICES,
        test_a="def test_others(redis_server): pass",
        test_own=OVERRIDING.replace('== "32"', '== "impossible"'),
    )
    assert list(ran.sections("test_in_a_module")) == ["mine"]


def test_help_tells_of_the_fixtures(run: Runs) -> None:
    ran = run.suite(Suite(files=FILES, words=("--fixtures",)))
    for line in (
        "redis_server [session scope]",
        "This test's own part of redis_server.",
        "The server one.",
        "Documented.",
        "A fresh rig for this test; whatever it is, it is gone afterwards.",
    ):
        assert line in ran.out, ran.out
