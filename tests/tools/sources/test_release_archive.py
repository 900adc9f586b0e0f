"""Archives from upstream: which one, how it is verified, and what each trouble of a download leads to."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest
from support.release_host import Trouble, program, tar_gz

from metricrig._core.errors import ToolUnavailable
from metricrig._core.events import FetchProgressed, everything
from metricrig.services import ETCD, PROMETHEUS, VICTORIA_METRICS
from metricrig.tools import checksums as checksums_module
from metricrig.tools import installed, obtain
from metricrig.tools.download import DownloadFailed, download
from metricrig.tools.sources.release_archive import asset_of
from metricrig.tools.tool_request import CannotDeliver

if TYPE_CHECKING:
    from pathlib import Path

    from support.release_host import Published, ReleaseHost

    from metricrig._core.events import Event
    from metricrig.tools import Tool


def refusal(tool: Tool, source: str = "release", version: str | None = None) -> str:
    """Why the source refuses."""
    with pytest.raises(ToolUnavailable) as caught:
        obtain(tool, version)
    return next(each.why for each in caught.value.refusals if each.source == source)


NAMES = [
    (VICTORIA_METRICS, "linux", "x86_64", "v9.8.7/victoria-metrics-linux-amd64-v9.8.7.tar.gz"),
    (VICTORIA_METRICS, "linux", "aarch64", "v9.8.7/victoria-metrics-linux-arm64-v9.8.7.tar.gz"),
    (VICTORIA_METRICS, "darwin", "x86_64", "v9.8.7/victoria-metrics-darwin-amd64-v9.8.7.tar.gz"),
    (VICTORIA_METRICS, "darwin", "arm64", "v9.8.7/victoria-metrics-darwin-arm64-v9.8.7.tar.gz"),
    (PROMETHEUS, "linux", "x86_64", "v9.8.7/prometheus-9.8.7.linux-amd64.tar.gz"),
    (PROMETHEUS, "linux", "aarch64", "v9.8.7/prometheus-9.8.7.linux-arm64.tar.gz"),
    (PROMETHEUS, "darwin", "x86_64", "v9.8.7/prometheus-9.8.7.darwin-amd64.tar.gz"),
    (PROMETHEUS, "darwin", "arm64", "v9.8.7/prometheus-9.8.7.darwin-arm64.tar.gz"),
    (ETCD, "linux", "x86_64", "v9.8.7/etcd-v9.8.7-linux-amd64.tar.gz"),
    (ETCD, "linux", "aarch64", "v9.8.7/etcd-v9.8.7-linux-arm64.tar.gz"),
    (ETCD, "darwin", "x86_64", "v9.8.7/etcd-v9.8.7-darwin-amd64.zip"),
    (ETCD, "darwin", "arm64", "v9.8.7/etcd-v9.8.7-darwin-arm64.zip"),
]


@pytest.mark.parametrize(("tool", "system", "machine", "ending"), NAMES)
def test_archives_are_named_as_upstream_names_them(tool: Tool, system: str, machine: str, ending: str) -> None:
    assert tool.release is not None
    assert asset_of(tool.release, "9.8.7", system, machine).archive.endswith(f"/download/{ending}")


def test_checksum_files_are_named_as_upstream_names_them() -> None:
    endings = []
    for tool in (VICTORIA_METRICS, PROMETHEUS, ETCD):
        assert tool.release is not None
        endings.append(asset_of(tool.release, "9.8.7", "linux", "x86_64").checksums.rpartition("/")[2])
    assert endings == ["victoria-metrics-linux-amd64-v9.8.7_checksums.txt", "sha256sums.txt", "SHA256SUMS"]


def test_a_machine_without_archives_is_named() -> None:
    assert PROMETHEUS.release is not None
    with pytest.raises(CannotDeliver, match=r"no archive is published for linux on riscv64"):
        asset_of(PROMETHEUS.release, "3.5.0", "linux", "riscv64")


def test_a_release_is_downloaded_verified_and_kept(published: Published, cache: Path, host: ReleaseHost) -> None:
    found = obtain(published.tool)
    assert (found.version, found.source, found.path.name) == ("1.2.3", "release", "acme-prod")
    assert found.path.is_relative_to(cache)
    remembered = json.loads((cache / "metricrig-tools.lock").read_text())
    assert list(remembered.values()) == [hashlib.sha256(published.content).hexdigest()]
    assert obtain(published.tool, ">=1.2").path == found.path
    assert host.count(published.archive) == 1
    assert [(each.tool, each.version) for each in installed()] == [("acme", "1.2.3")]


def test_an_executable_may_lie_in_a_directory_of_the_archive(published: Published, host: ReleaseHost) -> None:
    content = tar_gz(("acme-1.2.3/acme", program("acme 1.2.3"), 0o755))
    host.publish(published.archive, content, published.checksums)
    assert obtain(published.tool).path.parent.name == "acme-1.2.3"


def test_progress_is_told_up_to_the_end(published: Published, events: list[Event]) -> None:
    obtain(published.tool)
    last = [each for each in events if isinstance(each, FetchProgressed)][-1]
    assert last.done == last.total == len(published.content)
    assert last.source == "release"
    assert last.what.startswith("downloading http")
    assert last.rate is not None


def test_an_archive_with_another_hash_is_refused(published: Published, host: ReleaseHost, cache: Path) -> None:
    host.publish(published.archive, published.content, published.checksums, listed="1" * 64)
    assert "is not the expected file" in refusal(published.tool)
    assert installed() == []
    assert not list(cache.rglob("acme-prod"))


def test_a_file_that_changed_since_is_refused(published: Published, host: ReleaseHost, cache: Path) -> None:
    obtain(published.tool)
    changed = tar_gz(("acme-prod", program("acme 1.2.3 with a surprise"), 0o755))
    host.publish(published.archive, changed, published.checksums)
    (cache / "tools").rename(cache / "gone")
    why = refusal(published.tool)
    assert "metricrig-tools.lock, which remembers an earlier download" in why


def test_a_broken_lock_file_is_not_forgotten_in_silence(published: Published, cache: Path) -> None:
    cache.mkdir()
    (cache / "metricrig-tools.lock").write_text("not json")
    assert "mend or remove it" in refusal(published.tool)


@pytest.mark.parametrize("right", [True, False])
def test_a_pin_counts_and_needs_no_checksum_file(
    published: Published,
    host: ReleaseHost,
    monkeypatch: pytest.MonkeyPatch,
    right: bool,
) -> None:
    sha256 = hashlib.sha256(published.content).hexdigest() if right else "2" * 64
    pins = {f"https://upstream.invalid{published.archive}": sha256}
    monkeypatch.setattr(checksums_module, "pins", lambda: pins)
    del host.files[published.checksums]
    if right:
        assert obtain(published.tool).version == "1.2.3"
    else:
        assert "the pin that metricrig ships says 2222" in refusal(published.tool)


def test_without_pin_and_checksum_file_nothing_is_downloaded(published: Published, host: ReleaseHost) -> None:
    del host.files[published.checksums]
    assert "without a checksum, and none pinned" in refusal(published.tool)
    assert host.count(published.archive) == 0


def test_a_checksum_file_without_the_archive_is_refused(published: Published, host: ReleaseHost) -> None:
    host.files[published.checksums] = b"0" * 64 + b"  another\n"
    assert "has no sha256 for acme-" in refusal(published.tool)


def test_a_checksum_file_with_two_hashes_for_one_name_is_refused(published: Published, host: ReleaseHost) -> None:
    right = host.files[published.checksums]
    name = published.archive.rpartition("/")[2]
    host.files[published.checksums] = right + f"{'3' * 64}  {name}\n".encode()
    assert f"has 2 different sha256 for {name}" in refusal(published.tool)
    assert host.count(published.archive) == 0
    host.files[published.checksums] = right * 2
    assert obtain(published.tool).version == "1.2.3"


def test_a_hash_for_a_file_elsewhere_is_not_taken(published: Published, host: ReleaseHost) -> None:
    listed, name = host.files[published.checksums].decode(), published.archive.rpartition("/")[2]
    host.files[published.checksums] = listed.replace(name, f"evil/{name}").encode()
    assert f"has no sha256 for {name} (but for evil/{name})" in refusal(published.tool)
    assert host.count(published.archive) == 0
    host.files[published.checksums] = listed.replace(name, f"./{name}").encode()
    assert obtain(published.tool).version == "1.2.3"


def test_an_archive_that_is_not_there_is_asked_for_once(published: Published, host: ReleaseHost) -> None:
    del host.files[published.archive]
    assert "HTTP 404" in refusal(published.tool)
    assert host.count(published.archive) == 1


def test_a_server_error_is_tried_again(published: Published, host: ReleaseHost) -> None:
    host.troubles[published.archive] = [Trouble(status=500), Trouble(status=503)]
    assert obtain(published.tool).version == "1.2.3"
    assert host.count(published.archive) == 3


def test_a_server_that_only_errs_is_given_up(published: Published, host: ReleaseHost) -> None:
    host.troubles[published.archive] = [Trouble(status=500)] * 20
    assert "in 4 tries; the last one: HTTP 500" in refusal(published.tool)


@pytest.mark.parametrize("politely", [True, False], ids=["closed", "reset"])
def test_a_broken_download_is_resumed(published: Published, host: ReleaseHost, politely: bool) -> None:
    host.troubles[published.archive] = [Trouble(after=100_000, politely=politely)]
    assert obtain(published.tool).version == "1.2.3"
    ranges = [each.range for each in host.asked if each.path == published.archive]
    assert ranges[0] == ""
    assert ranges[1].startswith("bytes=")


def test_a_server_without_ranges_starts_again(published: Published, host: ReleaseHost) -> None:
    host.ranges = False
    host.troubles[published.archive] = [Trouble(after=100_000)]
    assert obtain(published.tool).version == "1.2.3"


def test_an_archive_that_is_always_cut_is_refused(published: Published, host: ReleaseHost) -> None:
    host.troubles[published.archive] = [Trouble(after=0, politely=True)] * 20
    assert "did not arrive in 4 tries" in refusal(published.tool)
    assert installed() == []


def test_a_file_replaced_half_way_is_not_mixed(host: ReleaseHost, tmp_path: Path) -> None:
    """Half of one file and half of another make a third: If-Range asks for the whole of the new one."""
    old, new = os.urandom(200_000), os.urandom(200_000)
    host.files["/file"] = old
    host.troubles["/file"] = [Trouble(after=100_000)]

    def replace(_: Event) -> None:
        host.files["/file"] = new

    with everything.listening(replace):
        sha256 = download(f"{host.url}/file", tmp_path / "file", tool="acme")
    assert (tmp_path / "file").read_bytes() == new
    assert sha256 == hashlib.sha256(new).hexdigest()


def test_a_download_ends_at_its_deadline(host: ReleaseHost, tmp_path: Path) -> None:
    host.files["/file"] = b"x" * 1000
    host.troubles["/file"] = [Trouble(after=number) for number in range(1, 1000)]
    with pytest.raises(DownloadFailed, match=r"did not arrive within 0.3 s"):
        download(f"{host.url}/file", tmp_path / "file", tool="acme", within=0.3)


def test_silence_ends_a_download(published: Published, host: ReleaseHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_DOWNLOAD_TIMEOUT", "0.1")
    host.troubles[published.archive] = [Trouble(after=0, hang=True)] * 20
    assert "sent nothing for 0.1 s" in refusal(published.tool)


def test_a_silent_moment_is_survived(published: Published, host: ReleaseHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_DOWNLOAD_TIMEOUT", "0.3")
    host.troubles[published.archive] = [Trouble(after=50_000, hang=True)]
    assert obtain(published.tool).version == "1.2.3"


def test_a_host_that_is_not_there_is_named_at_once(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_MIRROR", "http://127.0.0.1:1/prefix")
    assert refusal(published.tool).startswith("127.0.0.1:1 cannot be reached")


def test_a_mirror_may_have_a_prefix(published: Published, host: ReleaseHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host.publish(f"/mirror{published.archive}", published.content, f"/mirror{published.checksums}")
    monkeypatch.setenv("METRICRIG_MIRROR", f"{host.url}/mirror/")
    assert obtain(published.tool).version == "1.2.3"
    assert host.count(f"/mirror{published.archive}") == 1


def test_an_archive_that_holds_another_version_is_refused(published: Published, host: ReleaseHost) -> None:
    host.publish(published.archive, tar_gz(("acme", program("acme 1.0.0"), 0o755)), published.checksums)
    assert "what release delivered is 1.0.0, wanted >=1.1" in refusal(published.tool)


def test_an_archive_without_the_program_is_refused(published: Published, host: ReleaseHost) -> None:
    host.publish(published.archive, tar_gz(("README", b"hello", 0o644)), published.checksums)
    assert "has no acme-prod or acme in it" in refusal(published.tool)


def test_an_archive_that_is_none_is_refused(published: Published, host: ReleaseHost) -> None:
    host.publish(published.archive, b"<html>please log in</html>", published.checksums)
    assert "is refused: it is damaged" in refusal(published.tool)


def test_an_archive_that_leaves_its_directory_is_refused(published: Published, host: ReleaseHost, cache: Path) -> None:
    host.publish(published.archive, tar_gz(("../escaped", b"", 0o644)), published.checksums)
    assert "its member '../escaped' lies outside" in refusal(published.tool)
    assert not list(cache.rglob("escaped"))


def test_a_range_without_a_release_in_it_asks_for_a_name(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_SOURCES", "release")  # this machine may have a program of that name
    assert 'name an exact version, such as "1.2.3"' in refusal(published.tool, version="<1.2")


def test_a_lower_bound_names_a_release(published: Published) -> None:
    assert "/v2.0.1/sha256sums.txt: HTTP 404" in refusal(published.tool, version=">=2.0.1,<3")
