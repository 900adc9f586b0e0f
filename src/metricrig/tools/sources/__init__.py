"""The sources of executables: a small class each, behind one small protocol."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metricrig.tools.tool import Executable
    from metricrig.tools.tool_request import ToolRequest


class Source(Protocol):
    """Delivers an executable, or raises ``CannotDeliver`` with its reason."""

    @property
    def name(self) -> str:
        """As in ``METRICRIG_SOURCES``."""

    @property
    def downloads(self) -> bool:
        """Whether it needs the network, and is therefore not asked when offline."""

    def plan(self, request: ToolRequest) -> str:
        """Say what it would deliver or do, here and now, without downloading anything."""

    def deliver(self, request: ToolRequest) -> Executable:
        """Deliver an executable that satisfies the request."""


_HOMES = {
    "explicit": ("stated_path", "Explicit"),
    "cache": ("cache_entry", "Cached"),
    "path": ("path_lookup", "OnPath"),
    "release": ("release_archive", "FromRelease"),
    "wheel": ("python_wheel", "FromWheel"),
    "debian": ("debian_package", "FromDebian"),
    "go": ("go_module", "FromGo"),
}


def sources(names: Sequence[str]) -> Iterator[Source]:
    """The sources of these names, in that order, each imported when its turn comes: the first often delivers."""
    for name in names:
        module, kind = _HOMES[name]
        source: Source = getattr(importlib.import_module(f"{__name__}.{module}"), kind)()
        yield source
