"""The processes below a Gunicorn master: which are its workers, and which is the master that is to replace it.

They are told apart by what the kernel knows: whose child a process is, and for which signals it has handlers.
"""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.janitor.process_tree import children_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MASTER, WORKER, BOOTING = "master", "worker", "booting"
_START_STACK = 25  # counted from the state, which follows the last ")" of /proc/PID/stat; see proc(5)


@dataclass(frozen=True, slots=True)
class GunicornProcesses:
    """What the kernel says of a process."""

    pid: int
    parent: int
    dead: bool
    handles: frozenset[int]
    """The signals that it has handlers for."""
    stack: int
    """Where its stack begins: where its parent's does, unless it has executed something since it was forked."""


def kind(seen: GunicornProcesses, master: GunicornProcesses) -> str:
    """What a child of a master is.

    A fork begins with its master's handlers. A worker drops the one for SIGHUP before it installs its own, whatever
    its class; from then on a signal does to it what it does to a worker. A master that was executed anew
    (SIGUSR2) has none at first, then all of a master's.
    """
    if seen.stack != master.stack:
        return MASTER if signal.SIGHUP in seen.handles else BOOTING
    return WORKER if signal.SIGUSR1 in seen.handles and signal.SIGHUP not in seen.handles else BOOTING


def children(master: int, wanted: str) -> tuple[int, ...]:
    """The children of a master that are of this kind, the eldest first."""
    parent = look_at(master)
    return tuple(each.pid for each in _children(master) if parent and kind(each, parent) == wanted)


def signal_child(master: int, pid: int, number: int) -> None:
    """Send a signal to a child of a master; to anything else, it is an error and nothing is sent."""
    # Whoever is looked at after this is either the process that the descriptor holds, or that one is dead, and then
    # the signal reaches nobody: there is no moment at which a pid that is used again could get it.
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        raise _no_child(master, pid) from None
    try:
        seen = look_at(pid)
        if seen is None or seen.dead or seen.parent != master:
            raise _no_child(master, pid)
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            raise _no_child(master, pid) from None
    finally:
        os.close(descriptor)


def look_at(pid: int) -> GunicornProcesses | None:
    """What is known of a process now; None if there is none."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    facts = dict(re.findall(r"^(State|PPid|SigCgt):\s+(\S+)", status, re.MULTILINE))
    mask = int(facts["SigCgt"], 16)
    return GunicornProcesses(
        pid=pid,
        parent=int(facts["PPid"]),
        dead=facts["State"] in {"Z", "X"},
        handles=frozenset(each for each in range(1, 65) if mask >> (each - 1) & 1),
        # Its environment and its title would tell too, but one title (setproctitle) is written over both.
        stack=int(stat.rpartition(")")[2].split()[_START_STACK]),
    )


def _children(master: int) -> Iterator[GunicornProcesses]:
    for pid in children_of(master):
        seen = look_at(pid)
        if seen is not None and not seen.dead and seen.parent == master:
            yield seen


def _no_child(master: int, pid: int) -> UsageError:
    there = ", ".join(str(each.pid) for each in _children(master)) or "none"
    return UsageError(f"process {pid} is no child of the master {master}, so it gets no signal; its children: {there}")
