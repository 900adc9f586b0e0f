"""What dead services leave behind, directories, files and System V shared memory, and its removal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from metricrig._core.frozen_class import frozen
from metricrig._core.tree_removal import remove_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_TABLE = "/proc/sysvipc/shm"
_IPC_RMID = 0


def remove_tree(path: str) -> str | None:
    """Remove a directory or file; one that is gone already is fine. Says why, where it could not."""
    try:
        remove_path(path)
    except OSError as error:
        return str(error)
    return None


@frozen
class Segment:
    """A System V shared memory segment."""

    identifier: int
    creator: int
    attached: int


def orphaned_segments(creators: Collection[int]) -> list[Segment]:
    """Segments made by these (dead) processes that nobody uses any more.

    A server killed with SIGKILL, PostgreSQL above all, cannot remove its own.
    """
    return [each for each in _segments() if each.creator in creators and not each.attached]


def remove_segment(segment: Segment) -> None:
    """Remove it; one that is gone already is fine."""
    import ctypes  # noqa: PLC0415 - few services leave any

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).shmctl(segment.identifier, _IPC_RMID, None)


def _segments() -> Iterator[Segment]:
    try:
        with open(_TABLE, encoding="ascii") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    columns = {name: index for index, name in enumerate(lines[0].split())}
    for line in lines[1:]:
        fields = line.split()
        yield Segment(
            identifier=int(fields[columns["shmid"]]),
            creator=int(fields[columns["cpid"]]),
            attached=int(fields[columns["nattch"]]),
        )
