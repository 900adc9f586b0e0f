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
        raise Unavailable("the moon", reason="it is far", remedy="go there")
    """,
    )
    assert judged(ran, "skipped") == {"test_raised"}


@pytest.mark.parametrize("strict", ["--rig-strict", "--no-rig-strict"])
def test_an_unknown_need_is_an_error_that_lists_the_known(run: Runs, strict: str) -> None:
    ran = run(strict, test_wrong=WRONG)
    assert set(ran.outcomes().values()) == {"error"}
    assert "needs('docker-in-docker'): known are etcd, memcached," in ran.why("test_unknown")
    assert "needs('proc>=3')" in ran.why("test_a_version_of_the_machine")
    assert "needs(3)" in ran.why("test_a_number")
