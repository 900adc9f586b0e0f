"""Control groups of the kernel: where one can be made for a process, and the removal of those that a rig has made.

A file beside the services' directories names each, before it is made: whoever removes a rig's directory finds it.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # not typing's, which a janitor does without
if TYPE_CHECKING:
    from collections.abc import Iterator

NOTE = ".cgroup"
"""What the name of such a file ends with."""
PREFIX = "metricrig-"
_REMOVED_WITHIN = 2.0
"""Seconds in which the kernel has let go of processes that are dead."""
CPU, DISK = ("cpu", "cpu"), ("blkio", "io")
"""What shares out processor time, and disks: its names in version 1 and in version 2."""


def place_for(pid: str, controller: tuple[str, str] = CPU, proc: str = "/proc") -> tuple[str, str, int] | None:
    """Where a group for a process can be made, the group that it is in, and the version; None if nowhere.

    In version 1 that is below its group. In version 2 groups with processes have none below them, so it is beside it,
    if what is wanted is shared out there. A process has one group for everything: nowhere, if that is one of ours.
    """
    groups = dict(_groups_of(pid, controller[0], proc))
    for version, root, mounted in _hierarchies(controller[0], proc):
        path = groups.get(version)
        if path is None or not path.startswith(root):
            continue
        now = os.path.normpath(f"{mounted}/{path[len(root) :]}")
        if version == 2 and os.path.basename(now).startswith(PREFIX):  # noqa: PLR2004 - the newer one
            continue
        place = now if version == 1 or now == mounted else os.path.dirname(now)
        if (
            os.access(place, os.W_OK)
            and os.access(f"{now}/cgroup.procs", os.W_OK)
            and _shared_out(place, version, controller[1])
        ):
            return place, now, version
    return None


def remove_noted(directory: str) -> None:
    """Remove the groups that are named in files of this directory; ``OSError`` if one is in use still."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return
    for name in names:
        if name.endswith(NOTE) and os.path.isfile(f"{directory}/{name}"):
            with open(f"{directory}/{name}", encoding="utf-8") as file:
                path = file.read()
            if os.path.basename(path).startswith(PREFIX):
                remove(path)


def remove(path: str) -> None:
    """Remove a group; one that is gone is fine."""
    end = time.monotonic() + _REMOVED_WITHIN
    while True:
        try:
            os.rmdir(path)
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _shared_out(place: str, version: int, controller: str) -> bool:
    if version == 1:
        return True
    try:
        with open(f"{place}/cgroup.subtree_control", encoding="ascii") as file:
            return controller in file.read().split()
    except OSError:
        return False


def _groups_of(pid: str, controller: str, proc: str) -> Iterator[tuple[int, str]]:
    """The version of a hierarchy and the path of the process in it; see cgroups(7)."""
    for line in _lines(f"{proc}/{pid}/cgroup"):
        number, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            yield 1, path
        elif number == "0" and not controllers:
            yield 2, path


def _hierarchies(controller: str, proc: str) -> Iterator[tuple[int, str, str]]:
    """The version, what of it is mounted, and where; see proc_pid_mountinfo(5)."""
    for line in _lines(f"{proc}/self/mountinfo"):
        before, _, after = line.partition(" - ")
        (_, _, _, root, mounted, *_), (kind, _, options) = before.split(" "), after.split(" ")
        if kind == "cgroup2" or (kind == "cgroup" and controller in options.split(",")):
            yield 2 if kind == "cgroup2" else 1, root.rstrip("/"), mounted


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []
