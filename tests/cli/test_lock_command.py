"""``metricrig tools lock``: writes what a project gets, keeps it, updates it, and checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from metricrig.cli.command import program
from metricrig.tools import acquisition
from metricrig.tools.lockfile import Locked, entries_of, write
from metricrig.tools.version_numbers import platform

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on a machine with a Redis of its own, an empty cache and no network."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("METRICRIG_OFFLINE", "1")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    put_redis(tmp_path, "7.2.5")
    return tmp_path / "project"


def put_redis(tmp_path: Path, version: str) -> None:
    place = tmp_path / "bin/redis-server"
    place.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0:0'\n")
    place.chmod(0o755)
    acquisition._obtained.clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(program, ["tools", *words])


def test_a_lock_is_written_and_then_obeyed(project: Path) -> None:
    said = run("lock", "redis")
    assert (said.exit_code, said.stdout) == (0, f"redis: 7.2.5 from path, new\n{project}/metricrig.lock\n")
    assert 'version = "7.2.5"' in (project / "metricrig.lock").read_text()
    put_redis(project.parent, "7.4.0")
    said = run("where", "redis")
    assert said.exit_code == 1
    assert f"is 7.4.0, wanted 7.2.5 from path, as {project}/metricrig.lock says" in said.stderr
    doctor = CliRunner().invoke(program, ["doctor"]).stdout
    assert "7.2.5" in doctor


def test_doctor_says_why_a_project_gets_what_it_gets(project: Path) -> None:
    assert "the first on PATH that will do" in CliRunner().invoke(program, ["doctor"]).stdout
    run("lock", "redis")
    assert f"as {project}/metricrig.lock says" in CliRunner().invoke(program, ["doctor"]).stdout


def test_what_is_locked_stays_until_it_is_updated(project: Path) -> None:
    other = Locked("redis", "linux-riscv", "7.0.0", "path")
    write(project / "metricrig.lock", [other])
    assert run("lock").exit_code == 0
    put_redis(project.parent, "7.4.0")
    assert run("lock").stdout.startswith("redis: 7.2.5 from path, as before\n")
    assert run("lock", "--update").stdout.startswith("redis: 7.4.0 from path, was 7.2.5 from path\n")
    assert {(each.platform, each.version) for each in entries_of(project / "metricrig.lock")} == {
        ("linux-riscv", "7.0.0"),
        (platform(), "7.4.0"),
    }


def test_check_writes_nothing_and_tells_what_is_missing(project: Path) -> None:
    said = run("lock", "--check")
    assert said.exit_code == 1
    assert "there is no metricrig.lock here or above" in said.stderr
    write(project / "metricrig.lock", [Locked("redis", "linux-riscv", "7.0.0", "path")])
    said = run("lock", "--check")
    assert said.exit_code == 1
    assert f"has nothing for redis on {platform()}" in said.stderr
    run("lock")
    assert run("lock", "--check").exit_code == 0
    assert run("lock", "--check", "redis@>=7").exit_code == 1


def test_what_cannot_be_had_is_told_and_not_written(project: Path) -> None:
    said = run("lock", "redis", "redis@>=99")
    assert said.exit_code == 1
    assert "redis@>=99: redis >=99: no source could deliver it" in said.stderr
    assert [each.wanted for each in entries_of(project / "metricrig.lock")] == [""]


def test_without_names_and_without_a_lock_it_asks_for_names(project: Path) -> None:
    said = run("lock")
    assert said.exit_code == 2
    assert "name those that your tests use" in said.stderr
    assert not (project / "metricrig.lock").exists()


def test_install_without_names_installs_what_the_lock_has(project: Path) -> None:
    assert run("install").exit_code == 2
    run("lock", "redis")
    assert run("install").stdout.startswith("redis 7.2.5  path  ")
