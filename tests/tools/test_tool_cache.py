"""Many at once, a killed one before, a cache that cannot be written: one download, and nothing half-made."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.release_host import Trouble
from support.waiting import eventually

from metricrig._core.cache_directory import ROOTS_CACHE, cache_root
from metricrig._core.errors import Unavailable
from metricrig._core.events import SourceRefused
from metricrig.tools import acquisition, installed, obtain
from metricrig.tools.tool_cache import shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.release_host import Published, ReleaseHost

    from metricrig._core.events import Event
    from metricrig.tools import Executable

OBTAIN = """
from metricrig.tools import Release, Tool, obtain
tool = {tool!r}
print(obtain(tool).path)
"""


def obtaining_process(published: Published) -> subprocess.Popen[str]:
    """A process of its own that obtains the published tool."""
    command = [sys.executable, "-c", OBTAIN.format(tool=published.tool)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def forget_what_was_obtained() -> None:
    """As a new process would start."""
    acquisition._obtained.clear()


def leftovers(cache: Path) -> list[Path]:
    """Staging directories that are still there."""
    return list(cache.glob("tools/*/.staging-*"))


def test_sixteen_processes_make_one_download(published: Published, host: ReleaseHost, cache: Path) -> None:
    processes = [obtaining_process(published) for _ in range(16)]
    answers = [process.communicate(timeout=250) for process in processes]
    assert [process.returncode for process in processes] == [0] * 16, answers
    assert len({path for path, _ in answers}) == 1
    assert host.count(published.archive) == 1
    assert leftovers(cache) == []


def test_sixteen_threads_make_one_download(published: Published, host: ReleaseHost, cache: Path) -> None:
    ready = threading.Barrier(16)

    def one(_: int) -> Executable:
        ready.wait()
        return obtain(published.tool)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(one, range(16)))
    assert len({each.path for each in found}) == 1
    assert host.count(published.archive) == 1
    assert leftovers(cache) == []


def test_after_a_killed_download_another_succeeds(published: Published, host: ReleaseHost, cache: Path) -> None:
    host.troubles[published.archive] = [Trouble(after=50_000, hang=True)]
    process = obtaining_process(published)
    assert host.held.wait(60)
    assert installed() == []
    process.kill()
    process.communicate()
    eventually(lambda: not leftovers(cache))
    assert obtain(published.tool).version == "1.2.3"
    assert leftovers(cache) == []


def test_two_requests_for_one_version_share_an_entry(published: Published, host: ReleaseHost) -> None:
    first = obtain(published.tool)
    assert obtain(published.tool, "1.2.3").path == first.path
    assert obtain(published.tool, "v1.2").path == first.path
    assert host.count(published.archive) == 1


def test_an_entry_is_described(published: Published, cache: Path) -> None:
    entry = obtain(published.tool).path.parent
    manifest = json.loads((entry / "manifest.json").read_text())
    assert manifest["executable"] == "acme-prod"
    assert (manifest["tool"], manifest["version"], manifest["source"]) == ("acme", "1.2.3", "release")
    assert len(manifest["sha256"]) == 64
    assert {path.stat().st_mode & 0o077 for path in entry.iterdir()} == {0o055, 0o044}


def test_a_strict_umask_does_not_lock_other_users_out(published: Published) -> None:
    """Servers that refuse to run as root are started as somebody else."""
    before = os.umask(0o077)
    try:
        entry = obtain(published.tool).path.parent
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in entry.iterdir()} == {
        "acme-prod": 0o755,
        "ballast": 0o644,
        "manifest.json": 0o644,
    }
    assert entry.stat().st_mode & 0o777 == 0o755


def test_a_generous_umask_does_not_let_others_in(published: Published, cache: Path) -> None:
    """Where a group may write into the directory, nobody could say whose work lies in it."""
    before = os.umask(0o002)
    try:
        shelf("acme").mkdir(parents=True)
        assert obtain(published.tool).version == "1.2.3"
    finally:
        os.umask(before)
    assert shelf("acme").stat().st_mode & 0o022 == 0
    assert leftovers(cache) == []


def test_an_entry_of_another_machine_is_not_used(published: Published, host: ReleaseHost) -> None:
    entry = obtain(published.tool).path.parent
    entry.rename(entry.with_name("1.2.3-release-plan9-mips"))
    obtain(published.tool)
    assert host.count(published.archive) == 2


def test_a_file_where_the_cache_should_be_is_said(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(Unavailable, match=r"cannot be written.*\n.*set METRICRIG_CACHE"):
        obtain(published.tool)


TAMPERED: dict[str, str | dict[str, object]] = {
    "no JSON": "{",
    "no object": "[]",
    "nested": "[" * 100_000,
    "unknown key": {"run": "rm"},
    "outside": {"executable": "../../../../../../../bin/sh"},
    "absolute": {"executable": "/bin/sh"},
    "number": {"executable": 5},
    "NUL": {"executable": "a\0b"},
    "version": {"version": None},
    "bytes": {"bytes": "many"},
    "env list": {"env": ["LD_PRELOAD"]},
    "env outside": {"env": {"LD_LIBRARY_PATH": ["../../elsewhere"]}},
    "env number": {"env": {"LD_LIBRARY_PATH": [5]}},
    "another tool": {"tool": "sh"},
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_tampered_manifest_is_told_and_its_entry_fetched_anew(
    published: Published, host: ReleaseHost, events: list[Event], how: str
) -> None:
    place = obtain(published.tool).path.parent / "manifest.json"
    change = TAMPERED[how]
    good = json.loads(place.read_text())
    place.write_text(change if isinstance(change, str) else json.dumps({**good, **change}))
    assert installed() == []
    forget_what_was_obtained()
    assert obtain(published.tool).version == "1.2.3"
    assert json.loads(place.read_text())["executable"] == good["executable"]
    assert host.count(published.archive) == 2
    told = [each.why for each in events if isinstance(each, SourceRefused) and each.source == "cache"]
    assert f"not used: {place}: " in told[-1]


def test_an_entry_whose_program_is_a_link_elsewhere_is_not_used(published: Published, tmp_path: Path) -> None:
    found = obtain(published.tool).path
    other = tmp_path / "other"
    other.write_bytes(found.read_bytes())
    other.chmod(0o755)
    found.unlink()
    found.symlink_to(other)
    assert installed() == []


@contextlib.contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A disk of the test's own; skips where mounting is not allowed."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "metricrig-test", str(place)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"mounting a tmpfs is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_cache_that_is_read_only_is_said(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / "disk"))
    with mounted(tmp_path / "disk", "ro"):
        with pytest.raises(Unavailable, match=r"cannot be written.*Read-only"):
            obtain(published.tool)
        assert list((tmp_path / "disk").iterdir()) == []


def test_a_full_disk_is_said_and_nothing_is_half_made(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / "disk"))
    with mounted(tmp_path / "disk", "size=256k"):
        with pytest.raises(Unavailable, match=r"is full.*\n.*free some space"):
            obtain(published.tool)
        assert installed() == []
        assert leftovers(tmp_path / "disk") == []


def test_the_cache_of_root_can_be_read_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METRICRIG_CACHE")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert cache_root() == ROOTS_CACHE
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/me/.cache")
    assert cache_root().name == "metricrig"
    assert shelf("redis") == cache_root() / "tools" / "redis"
