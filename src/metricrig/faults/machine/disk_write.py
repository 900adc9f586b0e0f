"""A real write to a service's own disk, by its own user, from where it runs: what a full disk says to it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError, Unavailable, UsageError
from metricrig.lifecycle.side_command import run_beside

if TYPE_CHECKING:
    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.runtimes.own_disk import OwnDisk

_WITHIN = 60.0
"""Seconds in which it is done."""
_NAME = ".metricrig-write"
_SCRIPT = 'export LC_ALL=C; cat > "$1"'
NO_SPACE = "No space left on device"
READ_ONLY = "Read-only file system"


def own_disk(state: InstanceState) -> OwnDisk:
    """The disk that a fault changes; a service that has none of its own has to be described otherwise."""
    if state.site.disk is None:
        raise UsageError(
            f"{state.name} has no disk of its own, and the disk of this machine is not ours to fill\n"
            f'  what works: give it one in its description: limits=Limits(disk="64MB")'
        )
    return state.site.disk


def write(state: InstanceState, size: int) -> str:
    """Write a file of so many bytes, and remove it; empty if that worked, else what the system said."""
    command = ["sh", "-c", _SCRIPT, "sh", f"{state.site.at.dir}/{_NAME}"]
    try:
        done = run_beside(state, command, within=_WITHIN, check=False, stdin=" " * size)
    except MetricrigError as error:
        raise _unproven(state, str(error)) from error
    finally:
        with contextlib.suppress(OSError):  # there is none, or the disk is read-only
            (state.directory / _NAME).unlink(missing_ok=True)
    if done.status == 0:
        return ""
    known = [each for each in (NO_SPACE, READ_ONLY) if each in done.err]
    if not known:
        raise _unproven(state, done.err.strip() or f"status {done.status}")
    return known[0]


def _unproven(state: InstanceState, why: str) -> Unavailable:
    return Unavailable(
        f"a write as {state.name} does it",
        reason=f"what would show that the fault bites could not be run: {why.splitlines()[0]}",
        remedy="a machine, or an image, with sh and cat",
    )


def page() -> int:
    """The least that such a disk can give."""
    return os.sysconf("SC_PAGE_SIZE")
