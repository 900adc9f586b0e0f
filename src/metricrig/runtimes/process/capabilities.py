"""What this machine offers to services; what it lacks has a reason and a remedy."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable
from metricrig.runtimes import data_root
from metricrig.runtimes.process_user import unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a machine has, or lacks for a reason; ``remedy`` is empty where nothing needs mending."""

    name: str
    present: bool
    says: str
    remedy: str = ""


MACHINE: Mapping[str, Callable[[], Capability]]
"""What a test may need of a machine, by the word for it."""


def capabilities() -> list[Capability]:
    """All of them, looked at now."""
    return [look() for look in MACHINE.values()]


def proc() -> Capability:
    """Processes are told apart by what /proc says of them."""
    if sys.platform == "linux" and Path("/proc/self/stat").exists():
        return Capability("Linux with /proc", present=True, says=f"kernel {os.uname().release}")
    return Capability(
        "Linux with /proc",
        present=False,
        says=f"this is {sys.platform}, or /proc is not mounted: orphans of services cannot all be found",
        remedy="run on Linux; in a container, mount /proc",
    )


def pidfd() -> Capability:
    """pidfd: a handle on a process that never means another one, as a pid can."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (OSError, AttributeError) as error:
        return Capability(
            "pidfd",
            present=False,
            says=f"{error}: a forked child may delay the clean-up, and `metricrig clean` cannot end processes",
            remedy="Linux 5.3 or newer, and a container that does not forbid pidfd_open",
        )
    return Capability("pidfd", present=True, says="the death of a test process is noticed at once")


def memory() -> Capability:
    """Data directories in memory: PostgreSQL starts several times faster there."""
    disk = data_root.memory_disk()
    refusal = disk.refusal()
    if refusal is None:
        return Capability("data in memory", present=True, says=f"{data_root.SHARED_MEMORY}, {disk.free >> 20} MiB free")
    return Capability(
        "data in memory",
        present=False,
        says=f"{refusal}; data lies in {tempfile.gettempdir()} instead",
        remedy="enlarge it (docker run --shm-size=1g), or free memory",
    )


def user() -> Capability:
    """A user for servers that refuse to run as root."""
    try:
        ids = unprivileged()
    except Unavailable as error:
        return Capability("unprivileged user", present=False, says=error.reason, remedy=error.remedy)
    if ids is None:
        return Capability("unprivileged user", present=True, says="not needed: you are not root")
    return Capability("unprivileged user", present=True, says=f"servers that refuse root run as uid {ids[0]}")


def containers() -> Capability:
    """An engine for services that run in containers."""
    from metricrig.runtimes.runtime_names import require_client  # noqa: PLC0415 - its client takes a tenth of a second

    try:
        require_client()
        from metricrig.runtimes.docker.engine.locality import reached_engine  # noqa: PLC0415 - see above

        found = reached_engine()
    except Unavailable as error:
        return Capability("container engine", present=False, says=error.reason, remedy=error.remedy)
    return Capability("container engine", present=True, says=str(found))


MACHINE = {"proc": proc, "pidfd": pidfd, "memory": memory, "user": user, "docker": containers}
