"""The directory of a rig: it appears with its record in it, and disappears in one step.

Until it is complete, and from the moment that it is given up, it has a name which says what is done and by whom. So
nobody has to guess from its age whose a directory without a record is.
"""

from __future__ import annotations

import os

from metricrig._core import control_groups, mounts
from metricrig._core.private_directory import NotOurs
from metricrig._core.process_id import ProcessId
from metricrig._core.tree_removal import remove_below
from metricrig.janitor import rig_record

TYPE_CHECKING = False  # see wire
if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig._core.private_directory import PrivateDirectory

MAKING, REMOVING = "making", "removing"


def making_name(rig: str, maker: ProcessId | None) -> str:
    """What it is called until it is complete."""
    return _name(MAKING, maker, rig)


def work_on(name: str) -> tuple[str, ProcessId] | None:
    """What is done to the directory of this name, and by whom; None for one that is complete."""
    words = name.split("-", 3)
    if len(words) < 4 or words[0] not in {f".{MAKING}", f".{REMOVING}"}:  # noqa: PLR2004 - see _name
        return None
    if not (words[1].isdecimal() and words[2].isdecimal()):
        return None
    return words[0][1:], ProcessId(int(words[1]), int(words[2]))


def rig_of(name: str) -> str:
    """The rig whose directory this is."""
    return name.split("-", 3)[3] if work_on(name) else name


def make(
    root: PrivateDirectory,
    rig: str,
    first: rig_record.Record,
    *,
    maker: ProcessId | None,
    mode: int,
    furnish: Callable[[PrivateDirectory], object],
) -> None:
    """Make it below this one, with its record and what ``furnish`` puts into it; ``OSError`` if there is one."""
    fresh = making_name(rig, maker)
    with root.make_inside(fresh, mode) as made:
        try:
            made.create(rig_record.FILE, rig_record.text(first))
            furnish(made)
            os.rename(fresh, rig, src_dir_fd=root.descriptor, dst_dir_fd=root.descriptor)
        except BaseException:
            remove_below(root.descriptor, fresh)
            raise


def remove(directory: str, *, maker: ProcessId | None = None) -> str | None:
    """Remove it, or what had been made of it; one that is gone is fine. Returns why it could not be removed."""
    parent, name = os.path.split(directory)
    try:
        held = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return str(error)
    try:
        for each in (name, making_name(name, maker)):
            _require_ours(parent, each, held)
            fresh = _given_up(held, each)
            mounts.unmount_below(f"{parent}/{fresh}")
            control_groups.remove_noted(f"{parent}/{fresh}")
            remove_below(held, fresh)
    except OSError as error:
        return str(error)
    finally:
        os.close(held)
    return None


def _require_ours(parent: str, name: str, held: int) -> None:
    """What another user has put in its place is his."""
    try:
        status = os.stat(name, dir_fd=held, follow_symlinks=False)
    except FileNotFoundError:
        return
    if status.st_uid != os.geteuid():
        raise NotOurs(f"{parent}/{name}", f"its owner is uid {status.st_uid}, and you are uid {os.geteuid()}")


def _given_up(root: int, name: str) -> str:
    """Rename it: whoever still writes by the old name finds nothing to write into."""
    if name.startswith(f".{REMOVING}-"):
        return name
    fresh = _name(REMOVING, ProcessId.of(os.getpid()), rig_of(name))
    try:
        os.rename(name, fresh, src_dir_fd=root, dst_dir_fd=root)
    except FileNotFoundError:
        pass  # gone already
    return fresh


def _name(what: str, who: ProcessId | None, rig: str) -> str:
    pid, start = (who.pid, who.start) if who else (0, 0)
    return f".{what}-{pid}-{start}-{rig}"
