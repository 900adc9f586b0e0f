"""The order of sources, stated paths, what is on PATH, and what an error tells."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.release_host import program

from metricrig._core.errors import ToolUnavailable, UsageError
from metricrig._core.events import SourceRefused, ToolObtained
from metricrig.services import MEMCACHED, POSTGRESQL
from metricrig.services.known_tools import all_tools, look_up
from metricrig.tools import Tool, obtain, survey
from metricrig.tools import program_version as versions_module
from metricrig.tools.source_settings import SOURCES

if TYPE_CHECKING:
    from support.release_host import Published, ReleaseHost

    from metricrig._core.events import Event

TOOL = Tool(name="acme-db", executables=("acmed",), supported=">=2", companions=())


def put(directory: Path, says: str, name: str = "acmed", mode: int = 0o755) -> Path:
    """A program that answers."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(program(says))
    (directory / name).chmod(mode)
    return directory / name


@pytest.fixture
def bin_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is first in PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin"


def test_a_program_in_path_is_used(bin_directory: Path) -> None:
    acmed = put(bin_directory, "acmed 2.5.1")
    found = obtain(TOOL)
    assert (found.path, found.version, found.source, dict(found.env)) == (acmed, "2.5.1", "path", {})
    assert found.beside("other") == bin_directory / "other"


@pytest.mark.parametrize("kind", ["too long a name", "may not be entered", "a file"])
def test_an_entry_of_path_that_cannot_be_looked_at_is_passed_over(
    bin_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    acmed, other = put(bin_directory, "acmed 2.5.1"), tmp_path / "other"
    if kind == "too long a name":
        other = tmp_path / ("n" * 300)
    elif kind == "a file":
        other.touch()
    else:
        monkeypatch.setattr(Path, "is_file", _forbidden)  # root may enter everything
    monkeypatch.setenv("PATH", f"{other}:{bin_directory}:/usr/bin:/bin")
    assert obtain(TOOL).path == acmed


def _forbidden(path: Path) -> bool:
    raise PermissionError(13, "Permission denied", str(path))


def test_a_version_on_stderr_and_amid_noise_is_found(bin_directory: Path) -> None:
    script = "#!/bin/sh\necho 'warning: 2 cores' >&2\necho 'acmed 2.5.1 starting' >&2\necho 9.9.9\n"
    put(bin_directory, "").write_text(script)
    assert obtain(Tool(name="acme", executables=("acmed",), version_pattern=r"acmed (\S+)")).version == "2.5.1"


def test_a_program_that_is_too_old_is_refused_and_the_next_one_taken(bin_directory: Path, tmp_path: Path) -> None:
    old, new = put(bin_directory, "acmed 1.9.0"), put(tmp_path / "opt/acme/3/bin", "acmed 3.0.0")
    with pytest.raises(ToolUnavailable, match=rf"{old} is 1.9.0, wanted >=2"):
        obtain(TOOL)
    elsewhere = Tool(name="acme-db", executables=("acmed",), supported=">=2", places=(f"{tmp_path}/opt/acme/*/bin",))
    assert obtain(elsewhere).path == new


def test_of_several_places_the_highest_number_comes_first(bin_directory: Path, tmp_path: Path) -> None:
    for number in (9, 10):
        put(tmp_path / f"opt/acme/{number}/bin", f"acmed {number}.0")
    tool = Tool(name="acme", executables=("acmed",), places=(f"{tmp_path}/opt/acme/*/bin",))
    assert obtain(tool).version == "10.0"
    assert obtain(tool, "9").version == "9.0"


def test_a_companion_must_lie_beside(bin_directory: Path) -> None:
    put(bin_directory, "acmed 2.1.0")
    tool = Tool(name="acme", executables=("acmed",), companions=("acme-init",))
    with pytest.raises(ToolUnavailable, match=r"has no acme-init beside it"):
        obtain(tool)
    put(bin_directory, "x", name="acme-init")
    assert obtain(tool).beside("acme-init").exists()


@pytest.mark.parametrize("stated", ["sbin", "sbin/acmed", ""])
def test_a_companion_may_lie_in_the_other_directory_of_programs(bin_directory: Path, stated: str) -> None:
    """As Debian's MariaDB does: the server is in sbin, and what sets it up in bin."""
    prefix = bin_directory.parent
    real = put(prefix / "sbin", "acmed 2.1.0")
    put(prefix / "elsewhere", "x", name="acme-init")
    tool = Tool(name="acme", executables=("acmed",), companions=("acme-init",), places=(f"{prefix}/sbin",))
    path = str(prefix / stated) if stated else None
    with pytest.raises((UsageError, ToolUnavailable), match=r"(without|has no) acme-init beside it"):
        obtain(tool, path=path)
    put(bin_directory, "x", name="acme-init")
    found = obtain(tool, path=path)
    assert (found.path, found.beside("acme-init")) == (real, bin_directory / "acme-init")
    assert found.beside("nothing") == real.with_name("nothing")


def test_a_link_leads_to_where_the_companions_are(bin_directory: Path, tmp_path: Path) -> None:
    real = put(tmp_path / "lib/acme/bin", "acmed 2.1.0")
    put(tmp_path / "lib/acme/bin", "x", name="acme-init")
    bin_directory.mkdir()
    (bin_directory / "acmed").symlink_to(real)
    assert obtain(Tool(name="acme", executables=("acmed",), companions=("acme-init",))).path == real


def test_a_program_without_a_version_needs_a_tool_without_constraints(bin_directory: Path) -> None:
    put(bin_directory, "hello")
    with pytest.raises(ToolUnavailable, match=r"does not say its version, and >=2 is wanted"):
        obtain(TOOL)
    assert obtain(Tool(name="any", executables=("acmed",))).version == ""


def test_a_program_that_does_not_answer_is_not_waited_for(bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bin_directory, "").write_text("#!/bin/sh\nsleep 60\n")
    monkeypatch.setattr(versions_module, "ANSWER_WITHIN", 0.1)
    started = time.monotonic()
    with pytest.raises(ToolUnavailable, match=r"does not say its version"):
        obtain(TOOL)
    assert time.monotonic() - started < 30  # it would have taken 60


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_a_stated_path_counts_first(
    bin_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    put(bin_directory, "acmed 2.5.1")
    mine = put(tmp_path / "mine", "acmed 2.0.7")
    monkeypatch.setenv("METRICRIG_SOURCES", "cache")
    if how == "variable":
        monkeypatch.setenv("METRICRIG_ACME_DB_PATH", str(mine))
    found = obtain(TOOL, path=mine if how == "argument" else None)
    assert (found.path, found.source) == (mine, "explicit")


def test_a_stated_directory_is_where_it_lies(tmp_path: Path) -> None:
    mine = put(tmp_path / "mine", "acmed 2.0.7")
    assert obtain(TOOL, path=tmp_path / "mine").path == mine
    with pytest.raises(UsageError, match=r"a directory without an executable acmed"):
        obtain(TOOL, path=tmp_path)


def test_a_stated_path_that_is_wrong_is_an_error_at_once(
    bin_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bin_directory, "acmed 2.5.1")
    monkeypatch.setenv("METRICRIG_ACME_DB_PATH", str(tmp_path / "absent"))
    with pytest.raises(UsageError, match=r"METRICRIG_ACME_DB_PATH says .*absent', and that is not there"):
        obtain(TOOL)
    with pytest.raises(UsageError, match=r"argument path says .* not executable"):
        obtain(TOOL, path=put(tmp_path, "acmed 2.5.1", name="plain", mode=0o644))
    with pytest.raises(UsageError, match=r"and that is 1.0.0, wanted >=2"):
        obtain(TOOL, path=put(tmp_path, "acmed 1.0.0", name="old"))
    with pytest.raises(UsageError, match=r"and that is 2.5.1, wanted 3.0.0"):
        obtain(TOOL, "3.0.0", path=put(tmp_path, "acmed 2.5.1", name="other"))


def test_who_states_path_and_version_is_believed(tmp_path: Path) -> None:
    silent = put(tmp_path, "hello")
    with pytest.raises(UsageError, match=r'state it: METRICRIG_ACME_DB_VERSION="1.2.3"'):
        obtain(TOOL, path=silent)
    assert obtain(TOOL, "2.4.0", path=silent).version == "2.4.0"


def test_the_environment_states_the_version(bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bin_directory, "acmed 2.5.1")
    monkeypatch.setenv("METRICRIG_ACME_DB_VERSION", ">=2.6")
    with pytest.raises(ToolUnavailable, match=r"is 2\.5\.1, wanted >=2\.6"):
        obtain(TOOL)


def test_every_source_says_why(host: ReleaseHost, published: Published, events: list[Event]) -> None:
    with pytest.raises(ToolUnavailable) as caught:
        obtain(published.tool, "9.9.9")
    refusals = {each.source: each.why for each in caught.value.refusals}
    assert tuple(refusals) == SOURCES
    assert all(f"\n    {source}" in str(caught.value) for source in SOURCES)
    assert "METRICRIG_ACME_PATH" in caught.value.remedy
    assert [each.source for each in events if isinstance(each, SourceRefused)] == list(SOURCES)


def test_offline_sources_that_download_stay_quiet(
    published: Published, host: ReleaseHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICRIG_OFFLINE", "1")
    with pytest.raises(ToolUnavailable) as caught:
        obtain(published.tool)
    offline = [each.source for each in caught.value.refusals if "METRICRIG_OFFLINE is set" in each.why]
    assert offline == ["release", "wheel", "debian", "go"]
    assert host.asked == []
    assert "unset METRICRIG_OFFLINE" in caught.value.remedy


def test_a_restriction_is_part_of_the_remedy(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_SOURCES", "path")
    with pytest.raises(ToolUnavailable, match=r"METRICRIG_SOURCES allows only explicit, path"):
        obtain(published.tool)


def test_a_damaged_entry_is_replaced(published: Published, host: ReleaseHost) -> None:
    found = obtain(published.tool)
    found.path.write_bytes(b"")
    assert obtain(published.tool).path.stat().st_size > 0
    assert host.count(published.archive) == 2


def test_a_second_obtain_costs_microseconds(bin_directory: Path, events: list[Event]) -> None:
    acmed = put(bin_directory, "acmed 2.5.1")
    obtain(TOOL)
    rounds = []
    for _ in range(200):
        started = time.perf_counter()
        obtain(TOOL)
        rounds.append(time.perf_counter() - started)
    assert min(rounds) < 50e-6
    assert len([each for each in events if isinstance(each, ToolObtained)]) == 1
    acmed.write_bytes(program("acmed 2.7.0, which is longer"))
    assert obtain(TOOL).version == "2.7.0"


def test_a_version_is_asked_once_a_file(bin_directory: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for scripts: what a wrapper answers may change while it stays the same."""
    tool = Tool(name="shell", executables=("my-shell",), version_pattern=r"version (\d+\.\d+\.\d+)")
    bin_directory.mkdir()
    bash = shutil.which("bash")
    assert bash is not None
    shutil.copy(bash, bin_directory / "my-shell")
    version = versions_module.version_of(tool, bin_directory / "my-shell")
    assert version
    monkeypatch.setattr(versions_module, "said_by", lambda *_args: "asked again")
    assert versions_module.version_of(tool, bin_directory / "my-shell") == version
    assert versions_module.version_of(tool, put(bin_directory, "version 1.2.3", name="script")) == "asked again"


def test_a_survey_downloads_nothing(host: ReleaseHost, published: Published, bin_directory: Path) -> None:
    prospects = {each.source: each for each in survey(published.tool)}
    assert tuple(prospects) == SOURCES
    assert prospects["release"].able
    assert prospects["release"].says.startswith(f"would download {host.url}/")
    assert not prospects["path"].able
    assert host.asked == []
    for tool in all_tools():
        assert len(survey(tool)) == len(SOURCES)


def test_a_survey_tells_of_a_stated_path_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_MEMCACHED_PATH", "/absent")
    assert "that is not there" in survey(MEMCACHED)[0].says


def test_without_apt_pip_or_go_their_sources_say_so(bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bin_directory))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    says = {each.source: each.says for each in survey(POSTGRESQL)}
    assert "there is no apt-get, apt-cache, dpkg-deb in PATH" in says["debian"]
    assert f"{sys.executable} has no pip" in says["wheel"]
    assert "there is no go in PATH" in {each.source: each.says for each in survey(look_up("etcd"))}["go"]


def test_importing_the_room_imports_nothing_heavy() -> None:
    heavy = ("urllib3", "filelock", "packaging", "tarfile", "subprocess")
    code = f"import sys, metricrig.tools; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
