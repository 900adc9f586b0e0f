"""A committed lock says what a project runs on: it is obeyed, or an error says why it cannot be."""

from __future__ import annotations

import hashlib
import os
import tomllib
from typing import TYPE_CHECKING

import pytest
from support.release_host import program, tar_gz

from metricrig._core.errors import ToolUnavailable, UsageError
from metricrig.tools import Tool, acquisition, obtain
from metricrig.tools.lockfile import Locked, entries_of, lock_path, render, write
from metricrig.tools.version_numbers import platform

if TYPE_CHECKING:
    from pathlib import Path

    from support.release_host import Published, ReleaseHost

    from metricrig.tools import Executable


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's directory, which is the working directory."""
    directory = tmp_path / "project"
    (directory / "tests").mkdir(parents=True)
    monkeypatch.chdir(directory)
    return directory


def lock(project: Path, *entries: Locked) -> Path:
    place = project / "metricrig.lock"
    write(place, entries)
    acquisition._obtained.clear()
    return place


def entry_of(found: Executable, **other: str) -> Locked:
    facts = {
        "name": found.tool,
        "platform": platform(),
        "version": found.version,
        "source": found.source,
        "package": found.package,
        "digest": found.digest,
    }
    return Locked(**{**facts, **other})


def test_what_was_fetched_says_package_and_digest(published: Published) -> None:
    found = obtain(published.tool)
    assert found.package == f"https://upstream.invalid{published.archive}"
    assert found.digest == f"sha256:{hashlib.sha256(published.content).hexdigest()}"


def test_a_lock_is_obeyed_from_every_directory_of_the_project(
    published: Published, host: ReleaseHost, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = obtain(published.tool)
    content = tar_gz(("acme", program("acme v1.1.9"), 0o755))
    old = published.archive.replace("1.2.3", "1.1.9"), published.checksums.replace("1.2.3", "1.1.9")
    host.publish(old[0], content, old[1])
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    place = lock(project, entry_of(found, version="1.1.9", digest=digest))
    monkeypatch.chdir(project / "tests")
    assert lock_path() == place
    assert obtain(published.tool).version == "1.1.9"
    monkeypatch.setenv("METRICRIG_OFFLINE", "1")
    acquisition._obtained.clear()
    assert obtain(published.tool).version == "1.1.9"
    monkeypatch.setenv("METRICRIG_LOCK", "off")
    assert obtain(published.tool).version == "1.2.3"


def test_a_changed_lock_is_obeyed_by_a_process_that_has_obtained_before(published: Published, project: Path) -> None:
    found = obtain(published.tool)
    write(project / "metricrig.lock", [entry_of(found, version="9.9.9", digest=f"sha256:{'0' * 64}")])
    with pytest.raises(ToolUnavailable, match=r"9\.9\.9"):
        obtain(published.tool)


def test_another_content_of_the_same_version_is_refused(
    published: Published, host: ReleaseHost, project: Path, cache: Path
) -> None:
    found = obtain(published.tool)
    place = lock(project, entry_of(found, digest=f"sha256:{'0' * 64}"))
    (cache / "metricrig-tools.lock").unlink()
    with pytest.raises(ToolUnavailable) as caught:
        obtain(published.tool)
    said = str(caught.value)
    assert f"is not the expected one: its digest is {found.digest}, but {place} says sha256:0000" in said
    assert "metricrig tools lock --update acme" in said
    assert [each.source for each in caught.value.refusals] == ["cache", "release"]


def test_a_version_that_cannot_be_had_names_lock_and_remedy(published: Published, project: Path) -> None:
    place = lock(project, Locked("acme", platform(), "7.7.7", "release", digest=f"sha256:{'1' * 64}"))
    with pytest.raises(ToolUnavailable, match=f"7.7.7 from release, as {place} says") as caught:
        obtain(published.tool)
    assert "HTTP 404" in str(caught.value)
    assert "METRICRIG_LOCK=off" in caught.value.remedy


def test_a_program_of_path_is_locked_by_its_version(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("old", "1.1.0"), ("new", "1.4.0")):
        directory = project / name
        directory.mkdir()
        (directory / "acmed").write_bytes(program(f"acmed {version}"))
        (directory / "acmed").chmod(0o755)
    monkeypatch.setenv("PATH", f"{project}/new:{project}/old:/usr/bin:/bin")
    tool = Tool(name="acme-db", executables=("acmed",))
    assert obtain(tool).version == "1.4.0"
    lock(project, Locked("acme-db", platform(), "1.1.0", "path"))
    assert obtain(tool).version == "1.1.0"
    lock(project, Locked("acme-db", platform(), "1.3.0", "path"))
    with pytest.raises(ToolUnavailable, match=r"is 1\.4\.0, wanted 1\.3\.0 from path, as .*metricrig\.lock says"):
        obtain(tool)


def test_a_stated_path_counts_before_the_lock(project: Path) -> None:
    (project / "acmed").write_bytes(program("acmed 3.0.0"))
    (project / "acmed").chmod(0o755)
    lock(project, Locked("acme-db", platform(), "1.1.0", "path"))
    assert obtain(Tool(name="acme-db", executables=("acmed",)), path=project / "acmed").version == "3.0.0"


def test_a_request_that_the_lock_does_not_know_is_an_error(published: Published, project: Path) -> None:
    found = obtain(published.tool)
    lock(project, entry_of(found))
    assert obtain(published.tool, ">=1.2").version == "1.2.3"
    with pytest.raises(UsageError, match=r"acme@>=1\.3: .*has 1\.2\.3 for .*\n.*metricrig tools lock 'acme@>=1\.3'"):
        obtain(published.tool, ">=1.3")
    lock(project, entry_of(found, platform="linux-riscv"))
    with pytest.raises(UsageError, match=r"has 1\.2\.3 for linux-riscv, and nothing for this request on"):
        obtain(published.tool)


def test_a_tool_of_which_the_lock_does_not_speak_is_as_without(published: Published, project: Path) -> None:
    lock(project, Locked("other", platform(), "1", "path"))
    assert obtain(published.tool).version == "1.2.3"


BROKEN = {
    "no TOML": "lock = ",
    "no format": "[[tool]]\n",
    "newer": "lock = 2\n",
    "no table": 'lock = 1\ntool = "redis"\n',
    "unknown key": 'lock = 1\n[[tool]]\nrun = "x"\n',
    "no version": 'lock = 1\n[[tool]]\nname = "a"\nplatform = "p"\nsource = "path"\nversion = ""\n',
    "number": 'lock = 1\n[[tool]]\nname = "a"\nplatform = "p"\nsource = "path"\nversion = 1\n',
    "no digest": 'lock = 1\n[[tool]]\nname = "a"\nplatform = "p"\nsource = "release"\nversion = "1"\n',
    "short": 'lock = 1\n[[tool]]\nname = "a"\nplatform = "p"\nsource = "release"\nversion = "1"\ndigest = "sha256:0"\n',
    "binary": "\x00\xff",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_lock_that_is_none_is_an_error_that_names_it(published: Published, project: Path, how: str) -> None:
    (project / "metricrig.lock").write_bytes(BROKEN[how].encode("latin-1"))
    with pytest.raises(UsageError, match=r"the lock .*metricrig\.lock is no lock"):
        obtain(published.tool)


def test_a_lock_that_is_named_and_not_there_is_an_error(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICRIG_LOCK", str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        obtain(published.tool)


def test_what_is_written_is_read_again_and_sorted(tmp_path: Path) -> None:
    entries = [
        Locked("redis", "linux-x86_64", "7.0.15", "debian", "", 'redis=5:7"\\\t', f"sha256:{'a' * 64}"),
        Locked("etcd", "linux-x86_64", "3.5.17", "go", ">=3", "go.etcd.io/etcd@v3", f"h1:{'A' * 43}="),
    ]
    write(tmp_path / "metricrig.lock", entries)
    again = entries_of(tmp_path / "metricrig.lock")
    assert [each.name for each in again] == ["etcd", "redis"]
    assert render(again) == render(entries)
    assert tomllib.loads(render(entries))["lock"] == 1
    assert os.listdir(tmp_path) == ["metricrig.lock"]  # noqa: PTH208 - names, not paths
