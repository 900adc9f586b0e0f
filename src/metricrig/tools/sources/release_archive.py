"""Releases as a source: the archives that the authors publish, verified."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metricrig._core.events import SourceTried, everything
from metricrig.tools.archive_extraction import unpack
from metricrig.tools.archive_members import BadArchive
from metricrig.tools.checksums import known, published, remember, verify
from metricrig.tools.download import DownloadFailed, download
from metricrig.tools.executable_search import unpacked_executable
from metricrig.tools.http_request import mirrored
from metricrig.tools.installation import Built, install, sha256_of
from metricrig.tools.source_settings import settings
from metricrig.tools.tool_request import CannotDeliver, target

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools.checksums import Expected
    from metricrig.tools.tool import Executable, Release
    from metricrig.tools.tool_request import ToolRequest
    from metricrig.tools.workplace import Workplace

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS = {"linux": "linux", "darwin": "darwin"}


@dataclass(frozen=True, slots=True)
class Asset:
    """The upstream URLs of one archive and of its checksums."""

    archive: str
    checksums: str

    @property
    def name(self) -> str:
        """The archive's file name, as the checksum file has it."""
        return self.archive.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class FromRelease:
    """Downloads an archive from upstream, or from ``METRICRIG_MIRROR`` in its place."""

    name: str = "release"
    downloads: bool = True

    def plan(self, request: ToolRequest) -> str:
        """Name the archive."""
        asset = _wanted(request)[1]
        return f"would download {mirrored(asset.archive, settings().mirror)}"

    def deliver(self, request: ToolRequest) -> Executable:
        """Download, verify, unpack."""
        version, asset = _wanted(request)

        def build(place: Workplace) -> Built:
            staging = place.directory
            try:
                archive = _fetch(request.tool.name, asset, staging)
                unpack(archive, staging / "tree")
            except (DownloadFailed, BadArchive) as error:
                raise CannotDeliver(str(error)) from None
            digest = f"sha256:{sha256_of(archive)}"
            return replace(_found(request, staging / "tree", version, asset), package=asset.archive, digest=digest)

        return install(request, self.name, build, lambda before: before.version == version)


def asset_of(release: Release, version: str, system: str, machine: str) -> Asset:
    """The archive for a system and machine, as ``sys.platform`` and ``uname`` name them."""
    known_system, arch = _SYSTEMS.get(system), _ARCHITECTURES.get(machine)
    if known_system is None or arch is None:
        raise CannotDeliver(f"no archive is published for {system} on {machine}")
    words = {
        "version": version,
        "os": known_system,
        "arch": arch,
        "extension": "zip" if known_system in release.zipped else "tar.gz",
    }
    return Asset(release.archive.format(**words), release.checksums.format(**words))


def _wanted(request: ToolRequest) -> tuple[str, Asset]:
    release = request.tool.release
    if release is None:
        raise CannotDeliver("its authors publish no archive that metricrig knows of")
    version = target(request)
    return version, asset_of(release, version, sys.platform, os.uname().machine)


def _fetch(tool: str, asset: Asset, staging: Path) -> Path:
    mirror = settings().mirror
    expected = known(asset.archive) or _published(tool, asset, staging, mirror)
    url, archive = mirrored(asset.archive, mirror), staging / asset.name
    everything.emit(SourceTried(tool=tool, source="release", what=f"downloading {url}"))
    sha256 = download(url, archive, tool=tool)
    verify(asset.archive, sha256, expected)
    remember(asset.archive, sha256)
    return archive


def _published(tool: str, asset: Asset, staging: Path, mirror: str) -> Expected:
    url, place = mirrored(asset.checksums, mirror), staging / "checksums"
    try:
        download(url, place, tool=tool)
    except DownloadFailed as error:
        if error.missing:
            raise CannotDeliver(f"{error}; without a checksum, and none pinned, it is not downloaded") from None
        raise
    return published(place.read_text(errors="replace"), asset.name, url)


def _found(request: ToolRequest, tree: Path, version: str, asset: Asset) -> Built:
    for directory in ("", "*"):
        found = unpacked_executable(tree, directory, request.tool)
        if found is not None:
            return Built(tree, found.path, version)
    raise CannotDeliver(f"{asset.name} has no {' or '.join(request.tool.executables)} in it")
