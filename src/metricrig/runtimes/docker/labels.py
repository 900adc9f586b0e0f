"""What every container, network and volume of a rig says about whose it is; and reading that."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from metricrig._core.process_id import ProcessId, boot_id, pid_namespace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RIG, SERVICE = "metricrig.rig", "metricrig.service"
DIRECTORY, MADE = "metricrig.directory", "metricrig.made"
_OWNER, _BOOT, _NAMESPACE = "metricrig.owner", "metricrig.boot", "metricrig.namespace"


def labels(rig: str, directory: Path) -> dict[str, str]:
    """Of whatever this process makes for a rig."""
    owner = ProcessId.of(os.getpid())
    return {
        RIG: rig,
        DIRECTORY: str(directory),
        MADE: f"{time.time():.3f}",
        _OWNER: f"{owner.pid}:{owner.start}" if owner else "",
        _BOOT: boot_id(),
        _NAMESPACE: pid_namespace(),
    }


def made_at(found: Mapping[str, str]) -> float:
    """When, on the wall clock; 0 if nobody knows."""
    try:
        return float(found.get(MADE) or 0)
    except ValueError:
        return 0.0


def owner_of(found: Mapping[str, str]) -> ProcessId | None:
    """The process that has made it."""
    pid, _, start = found.get(_OWNER, "").partition(":")
    return ProcessId(int(pid), int(start)) if pid.isdigit() and start.isdigit() else None


def is_lost(found: Mapping[str, str]) -> bool:
    """Whether it was made before this machine was started: its owner is dead, whoever has that pid now."""
    return found.get(_BOOT) != boot_id()


def is_orphaned(found: Mapping[str, str]) -> bool:
    """Whether it was made by a process that we could see, and do not see any more."""
    owner = owner_of(found)
    return not is_lost(found) and found.get(_NAMESPACE) == pid_namespace() and owner is not None and not owner.alive
