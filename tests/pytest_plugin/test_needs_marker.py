"""What a machine lacks: tests are skipped with reason and remedy, or fail where that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.suites import Ran, Runs

NEEDS = """
    import pytest
    from metricrig import Rig, Unavailable
    from metricrig.pytest import service
    from metricrig.services import Prometheus, Redis
    from metricrig.services import REDIS
    from metricrig.tools import Tool

    MISSING = Tool(name="missing", executables=("no-such-program",), version_pattern="x", supported=">=1")

    @pytest.mark.needs("redis", "proc", "pidfd", REDIS)
    def test_has(): pass

    @pytest.mark.needs("redis>=5", "prometheus >= 2.40")
    def test_has_versions(): pass

    @pytest.mark.needs("redis>=99")
    def test_version(): pass

    @pytest.mark.needs(MISSING)
    def test_tool_of_the_user(): pass

    @pytest.mark.needs("proc")
    class TestMany:
        @pytest.mark.needs("redis>=99")
        def test_in_a_class(self): pass

    new_redis = service(Redis(version=">=99"), scope="module")

    def test_fixture(new_redis): pass

    def test_fixture_again(new_redis): pass

    def test_rig(rig):
        rig.add(Redis(version=">=99"))
        rig.start()

    def test_users_rig():
        with Rig() as rig:
            rig.add(Redis(version=">=99"))
            rig.add(Redis("good"))
            rig.start()

    def test_raised():
        raise Unavailable("the moon", reason="it is far", remedy="go there", excuse=True)
"""

WRITTEN = """
    from metricrig import Rig, Service, Unavailable
    from metricrig.pytest import service
    from metricrig.services import Redis
    from metricrig.tools import Tool

    OWN = Tool(name="own", executables=("no-such-program",), version_pattern="x", supported=">=1")
    misspelled = service(Service(name="shop", command=["pyhton3", "-m", "http.server"]))

    def test_passes(): pass

    def test_a_command(rig):
        rig.add(Service(name="shop", command=["pyhton3", "-m", "http.server"]))
        rig.start()

    def test_a_fixture(misspelled): pass

    def test_a_path(rig):
        rig.add(Service(name="shop", command=["/no/such/program"]))
        rig.start()

    def test_a_command_beside(redis_server):
        redis_server.run(["redis-clii", "ping"])

    def test_a_tool(rig):
        rig.add(Service(name="shop", tool=OWN, command=["{tool}"]))
        rig.start()

    def test_a_tool_and_a_lack(rig):
        rig.add(Redis(version=">=99"))
        rig.add(Service(name="shop", command=["pyhton3"], start_within=5))
        rig.start()

    def test_a_user(rig):
        rig.add(Service(name="shop", command=["sleep", "1000"], user="nobdoy"))
        rig.start()

    def test_a_place():
        Rig(runtime="docker")

    def test_a_service_that_has_a_place(rig):
        rig.add(Redis(runtime="docker"))

    def test_raised():
        raise Unavailable("the moon", reason="it is far", remedy="go there")
"""

WRONG = """
    import pytest

    @pytest.mark.needs("docker-in-docker")
    def test_unknown(): pass

    @pytest.mark.needs("proc>=3")
    def test_a_version_of_the_machine(): pass

    @pytest.mark.needs(3)
    def test_a_number(): pass
"""

HAS = {"test_has", "test_has_versions"}
LACKS = {
    "test_version",
    "test_tool_of_the_user",
    "test_in_a_class",
    "test_fixture",
    "test_fixture_again",
    "test_rig",
    "test_users_rig",
    "test_raised",
}


def judged(ran: Ran, outcome: str) -> set[str]:
    return {test for test, each in ran.outcomes().items() if each == outcome}


def test_what_the_machine_lacks_is_a_skip_with_reason_and_remedy(run: Runs) -> None:
    ran = run("-rs", test_needs=NEEDS, env={"METRICRIG_OFFLINE": "1"})
    assert (judged(ran, "passed"), judged(ran, "skipped")) == (HAS, LACKS), ran.out
    assert "redis >=99: no source could deliver it:" in ran.why("test_version")
    assert "what to do: install it, or set METRICRIG_REDIS_PATH" in ran.why("test_version")
    assert "the moon: it is far" in ran.why("test_raised")
    assert "what to do: go there" in ran.out


@pytest.mark.parametrize(
    ("words", "ini", "env"),
    [
        (("--rig-strict",), "", {}),
        ((), "rig_strict = true", {}),
        ((), "", {"CI": "true"}),
        (("--rig-strict",), "rig_strict = false", {}),
    ],
)
def test_where_it_is_strict_it_is_a_failure(run: Runs, words: tuple[str, ...], ini: str, env: dict[str, str]) -> None:
    ran = run(*words, ini=ini, env={**env, "METRICRIG_OFFLINE": "1"}, test_needs=NEEDS)
    assert judged(ran, "passed") == HAS
    assert judged(ran, "failed") | judged(ran, "error") == LACKS
    assert "what to do: install it, or set METRICRIG_REDIS_PATH" in ran.why("test_version")


@pytest.mark.parametrize(
    ("words", "ini", "env"),
    [
        (("--no-rig-strict",), "", {"CI": "true"}),
        ((), "rig_strict = false", {"CI": "true"}),
        ((), "", {"CI": "false"}),
        (("--no-rig-strict",), "rig_strict = true", {}),
    ],
)
def test_strictness_can_be_switched_off(run: Runs, words: tuple[str, ...], ini: str, env: dict[str, str]) -> None:
    ran = run(
        *words,
        ini=ini,
        env=env,
        test_needs="""
    from metricrig import Unavailable
    def test_raised():
        raise Unavailable("the moon", reason="it is far", remedy="go there", excuse=True)
    """,
    )
    assert judged(ran, "skipped") == {"test_raised"}


@pytest.mark.parametrize("words", [(), ("-q",), ("-qq",), ("-p", "xdist.plugin", "-n", "2", "-q")])
def test_what_was_left_out_is_told_last(run: Runs, words: tuple[str, ...]) -> None:
    ran = run(*words, test_needs=NEEDS, env={"METRICRIG_OFFLINE": "1"})
    last = [line for line in ran.out.splitlines() if line][-3:]
    assert ran.status == 0
    assert last[0].startswith("metricrig: 6 tests skipped for lack of redis >=99; what to do: install it, or set ")
    assert "METRICRIG_REDIS_PATH" in last[0]
    assert last[1].startswith("metricrig: 1 test skipped for lack of missing >=1; what to do: install it, or set ")
    assert last[2] == "metricrig: 1 test skipped for lack of the moon; what to do: go there"


def test_a_run_that_lacks_nothing_does_not_say_so(run: Runs) -> None:
    ran = run("-q", test_it="import pytest\ndef test_it(): pytest.skip()")
    assert ran.out.splitlines()[-1].startswith("1 skipped in ")


def test_what_users_have_written_and_is_not_there_is_an_error(run: Runs) -> None:
    """A misspelling must not be a green run, whether it is strict or not."""
    no_engine = {"METRICRIG_OFFLINE": "1", "DOCKER_HOST": "unix:///no/such.sock"}
    ran = run(test_written=WRITTEN, env=no_engine)
    bad = judged(ran, "failed") | judged(ran, "error")
    assert (judged(ran, "passed"), judged(ran, "skipped")) == ({"test_passes"}, set()), ran.out
    assert len(bad) == WRITTEN.count("def test_") - 1
    assert "the program 'pyhton3': it is not on PATH" in ran.why("test_a_fixture")
    assert "the program 'redis-clii'" in ran.why("test_a_command_beside")
    assert "no-such-program" in ran.why("test_a_tool")
    assert ran.status == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("strict", ["--rig-strict", "--no-rig-strict"])
def test_an_unknown_need_is_an_error_that_lists_the_known(run: Runs, strict: str) -> None:
    ran = run(strict, test_wrong=WRONG)
    assert set(ran.outcomes().values()) == {"error"}
    assert "needs('docker-in-docker'): known are etcd, memcached," in ran.why("test_unknown")
    assert "needs('proc>=3')" in ran.why("test_a_version_of_the_machine")
    assert "needs(3)" in ran.why("test_a_number")
