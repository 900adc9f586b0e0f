"""What all commands share: exit codes, errors, help."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

import metricrig as package
from metricrig._core.errors import MetricrigError
from metricrig.cli.command import program

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.owners import Said

COMMANDS = [[], ["doctor"], ["tools"], ["tools", "list"], ["tools", "install"], ["tools", "where"], ["ps"], ["clean"]]
COMMANDS += [["fault", "list"], ["fault", "on"], ["fault", "off"]]


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["ps", "--no-such-option"],
        ["tools", "install"],
        ["tools", "install", "redis", "--all"],
        ["tools", "where"],
        ["tools", "where", "reddis"],
        ["tools", "where", "redis@not a version"],
    ],
)
def test_wrong_usage_is_exit_code_2_and_says_what_is_right(words: list[str]) -> None:
    said = CliRunner().invoke(program, words)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert said.stderr


def test_a_misspelt_tool_gets_a_hint(metricrig: Callable[..., Said]) -> None:
    said = metricrig("tools", "where", "reddis")
    assert said.err == "metricrig: there is no tool 'reddis' in the catalogue: did you mean 'redis'?\n"


def test_a_wrong_setting_is_wrong_usage_too(metricrig: Callable[..., Said]) -> None:
    said = metricrig("tools", "list", METRICRIG_SOURCES="attic")
    assert said.code == 2
    assert "there is no source 'attic'" in said.err


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help_with_examples(words: list[str]) -> None:
    said = CliRunner().invoke(program, [*words, "--help"])
    assert said.exit_code == 0
    assert "Examples:" in said.stdout or "Exit codes:" in said.stdout


@pytest.mark.parametrize("words", [each for each in COMMANDS if each and each != ["tools"]])
def test_every_command_has_json_and_debug(words: list[str]) -> None:
    said = CliRunner().invoke(program, [*words, "--help"])
    assert "--json" in said.stdout
    assert "--debug" in said.stdout


def test_its_version_is_the_packages(metricrig: Callable[..., Said]) -> None:
    assert metricrig("--version").out == f"metricrig {package.__version__}\n"


def _failing(error: BaseException, *words: str) -> tuple[int, str]:
    @click.command("fail")
    def fail() -> None:
        raise error

    program.add_command(fail)
    try:
        said = CliRunner().invoke(program, [*words, "fail"])
    finally:
        del program.commands["fail"]
    return said.exit_code, said.stderr


def test_an_error_is_its_message_and_debug_adds_the_traceback() -> None:
    error = MetricrigError("redis: it broke\n  what to do: mend it")
    assert _failing(error) == (1, "metricrig: redis: it broke\n  what to do: mend it\n")
    code, shown = _failing(error, "--debug")
    assert code == 1
    assert "Traceback" in shown
    assert "it broke" in shown


def test_ctrl_c_is_130() -> None:
    assert _failing(KeyboardInterrupt()) == (130, "interrupted\n")


def test_ctrl_c_of_a_real_run_is_130_without_a_traceback(tmp_path: object) -> None:
    """Interrupted while a tool is being obtained from a host that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = subprocess.Popen(
            [sys.executable, "-m", "metricrig", "tools", "install", "etcd"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": "/usr/bin:/bin",
                "METRICRIG_CACHE": str(tmp_path),
                "METRICRIG_SOURCES": "release",
                "METRICRIG_MIRROR": f"http://127.0.0.1:{silent.getsockname()[1]}",
            },
        )
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=250)
    assert process.returncode == 130, err
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err


def test_help_does_not_load_what_only_commands_need() -> None:
    code = """
import sys
from metricrig.cli import main
sys.argv = ["metricrig", "--help"]
try:
    main()
except SystemExit:
    pass
heavy = {"rich", "urllib3", "psutil", "metricrig.rig", "metricrig.tools", "metricrig.janitor.found_rigs"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=250)
