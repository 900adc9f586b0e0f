"""Every test has a cache of its own, knows no variables of the person who runs it, and is online at its own host."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.release_host import Published, program, release_host, tar_gz

from metricrig._core.events import ToolEvent, everything
from metricrig.tools.sources.release_archive import asset_of
from metricrig.tools.tool import Release, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.release_host import ReleaseHost

    from metricrig._core.events import Event

UPSTREAM = "https://upstream.invalid/acme/releases/download/v{version}"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and an environment without anybody's settings."""
    for name in [name for name in os.environ if name.startswith("METRICRIG_")]:
        monkeypatch.delenv(name)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseHost]:
    """A release host that stands in for upstream."""
    with release_host() as host:
        monkeypatch.setenv("METRICRIG_MIRROR", host.url)
        yield host


@pytest.fixture
def events() -> Iterator[list[Event]]:
    """The tool events of this test."""
    seen: list[Event] = []

    def note(event: Event) -> None:
        if isinstance(event, ToolEvent):
            seen.append(event)

    with everything.listening(note):
        yield seen


@pytest.fixture
def published(host: ReleaseHost) -> Published:
    """The tool "acme" 1.2.3, published with its checksum; no other source has it."""
    tool = Tool(
        name="acme",
        executables=("acme-prod", "acme"),
        supported=">=1.1",
        preferred="1.2.3",
        release=Release(f"{UPSTREAM}/acme-{{os}}-{{arch}}.tar.gz", f"{UPSTREAM}/sha256sums.txt"),
    )
    # Random content does not compress: the archive is large enough to be cut in the middle.
    content = tar_gz(("acme-prod", program("acme v1.2.3"), 0o755), ("ballast", os.urandom(300_000), 0o644))
    asset = asset_of(tool.release, "1.2.3", sys.platform, os.uname().machine) if tool.release else None
    assert asset is not None
    prefix = "https://upstream.invalid"
    archive, checksums = asset.archive.removeprefix(prefix), asset.checksums.removeprefix(prefix)
    host.publish(archive, content, checksums)
    return Published(tool, archive, checksums, content)
