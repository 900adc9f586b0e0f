"""Options, settings of the ini file, and of the environment."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.suites import Runs

ONE = """
    def test_one(redis_server):
        pass
"""

TWO = """
    from metricrig.services import Redis

    def test_passes(rig):
        rig.add(Redis("good"))
        rig.start()

    def test_fails(rig, redis_server):
        rig.add(Redis("bad"))
        rig.start()
        raise ValueError
"""

QUICK = """
    import pytest

    @pytest.mark.thorough
    def test_thorough(): pass

    def test_essential(rig_quick):
        print("quick", rig_quick)
        assert rig_quick in {True, False}
"""

WAITING = """
    import time
    import pytest
    from metricrig import DeadlineExceeded

    def test_wait(redis_server):
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="waited 0.6 s"):
            redis_server.wait(lambda _: False, within=0.2)
        assert time.monotonic() - began >= 0.6
"""


def test_an_unknown_runtime_is_said_where_it_is_needed(run: Runs) -> None:
    for ran in (run("--rig-runtime=moon", test_it=ONE), run(test_it=ONE, ini="rig_runtime = moon")):
        assert "no runtime is called 'moon'; there is: process" in ran.why("test_one"), ran.out


@pytest.mark.parametrize("words", [("--rig-keep",), ("--rig-keep=always",)])
def test_files_are_kept_always(run: Runs, tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = run(*words, test_it=TWO, env={"METRICRIG_DATA": str(tmp_path)})
    kept = [Path(line.removeprefix("  kept: ")) for line in ran.summary() if line.startswith("  kept: ")]
    assert sorted(each.name.partition("-")[0] for each in kept) == ["session", "test", "test"]
    assert all((each / "redis.log").exists() for each in kept if each.name.startswith("session"))


def test_files_are_kept_after_failures(run: Runs, tmp_path: Path) -> None:
    ran = run("--rig-keep=failed", test_it=TWO, env={"METRICRIG_DATA": str(tmp_path)})
    kept = [Path(line.removeprefix("  kept: ")) for line in ran.summary() if line.startswith("  kept: ")]
    assert sorted(each.name.partition("-")[0] for each in kept) == ["session", "test"]
    assert [(each / "bad.log").exists() for each in kept if each.name.startswith("test")] == [True]
    for each in kept:
        shutil.rmtree(each)


def test_files_are_not_kept_after_success_or_unless_wanted(run: Runs, tmp_path: Path) -> None:
    for words, test in ((("--rig-keep=failed",), ONE), (("--rig-keep=never",), TWO), ((), TWO)):
        ran = run(*words, test_it=test, env={"METRICRIG_DATA": str(tmp_path)})
        assert not [line for line in ran.summary() if "kept" in line]
        assert not list(tmp_path.glob("metricrig-*/*-*"))


def test_the_ini_file_can_say_it_too_and_the_command_line_is_heard_first(run: Runs, tmp_path: Path) -> None:
    env = {"METRICRIG_DATA": str(tmp_path)}
    assert "kept: " in run(test_it=ONE, ini="rig_keep = always", env=env).out
    assert "kept: " not in run("--rig-keep=never", test_it=ONE, ini="rig_keep = always", env=env).out


def test_thorough_tests_are_left_out_when_it_is_to_be_quick(run: Runs) -> None:
    everything, quick = run("-s", test_it=QUICK), run("-s", "--rig-quick", test_it=QUICK)
    assert list(everything.outcomes()) == ["test_thorough", "test_essential"]
    assert list(quick.outcomes()) == ["test_essential"]
    assert "quick False" in everything.out
    assert "quick True" in quick.out
    assert "1 passed, 1 deselected" in quick.out


def test_the_timeout_factor_makes_waits_longer(run: Runs) -> None:
    for ran in (
        run("--rig-timeout-factor=3", test_it=WAITING),
        run(test_it=WAITING, ini="rig_timeout_factor = 3"),
        run(test_it=WAITING, env={"METRICRIG_TIMEOUT_FACTOR": "3"}),
    ):
        assert ran.outcomes() == {"test_wait": "passed"}, ran.out


@pytest.mark.parametrize(
    ("words", "ini", "env", "said"),
    [
        (("--rig-timeout-factor=0",), "", {}, "rig_timeout_factor is a number above 0, not '0'"),
        (("--rig-timeout-factor=nan",), "", {}, "rig_timeout_factor is a number above 0, not 'nan'"),
        (("--rig-timeout-factor=inf",), "", {}, "rig_timeout_factor is a number above 0, not 'inf'"),
        ((), "rig_timeout_factor = slow", {}, "rig_timeout_factor is a number above 0, not 'slow'"),
        ((), "", {"METRICRIG_TIMEOUT_FACTOR": "-1"}, "rig_timeout_factor is a number above 0, not '-1'"),
        (("--rig-keep=sometimes",), "", {}, "argument --rig-keep: invalid choice: 'sometimes'"),
        ((), "rig_keep = sometimes", {}, "rig_keep is one of never, failed, always, not 'sometimes'"),
        ((), "rig_on_death = panic", {}, "rig_on_death is one of fresh, fail, not 'panic'"),
        ((), "rig_idle = long", {}, "rig_idle is a number above 0, not 'long'"),
        ((), "rig_strict = perhaps", {}, "rig_strict is true or false, not 'perhaps'"),
        ((), "rig_reuse = perhaps", {}, "invalid truth value 'perhaps'"),
    ],
)
def test_a_bad_setting_is_a_wrong_call(
    run: Runs, words: tuple[str, ...], ini: str, env: dict[str, str], said: str
) -> None:
    ran = run(*words, ini=ini, env=env, test_it="def test_it(): pass")
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert said in ran.out
    assert "Traceback" not in ran.out
    assert "INTERNALERROR" not in ran.out


def test_the_help_lists_every_option_and_setting(run: Runs) -> None:
    out = run("--help").out
    for word in ("runtime", "keep", "reuse", "strict", "timeout-factor", "on-death"):
        assert f"--rig-{word}" in out
        assert f"rig_{word.replace('-', '_')}" in out
    assert "--rig-hold" in out
    assert "--rig-quick" in out
