"""The inventory of a tool: every version of it on this machine, wherever it came from."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricrig._core.amounts import in_bytes
from metricrig._core.errors import UsageError
from metricrig.cli.tool_lookup import check_settings, here
from metricrig.tools import installed
from metricrig.tools.sources import sources
from metricrig.tools.tool_request import CannotDeliver, request_for

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools import Executable, Tool


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """An executable that is here; ``size`` is known of what we have fetched ourselves."""

    version: str
    source: str
    path: Path
    size: int | None = None

    def cells(self) -> tuple[str, str, str, str]:
        """For a table."""
        return self.version or "unknown", self.source, in_bytes(self.size) if self.size else "-", str(self.path)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"version": self.version or None, "source": self.source, "path": str(self.path), "bytes": self.size}


def inventory(tool: Tool) -> tuple[Executable | None, list[InventoryEntry]]:
    """What a rig would use, and all that is here."""
    check_settings(tool)
    cached = [
        InventoryEntry(each.version, f"cache ({each.source})", each.path, each.size) for each in installed(tool.name)
    ]
    used = None
    with contextlib.suppress(UsageError):  # a stated path that is wrong: doctor says more
        used = here(tool)
    return used, [*_outside_the_cache(tool), *cached]


def _outside_the_cache(tool: Tool) -> list[InventoryEntry]:
    """A stated path, and the first on PATH that the catalogue knows how to run."""
    found = []
    request = request_for(tool, None, None)
    for source in sources(("explicit", "path")):
        with contextlib.suppress(CannotDeliver, UsageError):
            executable = source.deliver(request)
            found.append(InventoryEntry(executable.version, source.name, executable.path))
    return found
