"""A service's files, written into a directory that may be another user's: through no link that lies on the way."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig._core.private_directory import OURS_ALONE, write_private

if TYPE_CHECKING:
    from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_file(directory: Path, name: str, content: bytes, *, owner: tuple[int, int] | None) -> None:
    """Write one, readable for its owner alone from its first byte; directories on the way are made."""
    *way, last = PurePath(name).parts
    try:
        held = os.open(directory, _DIRECTORY)
        try:
            for each in way:
                held = _step(held, each, owner)
            write_private(last, content, owner=owner, below=held)
        finally:
            os.close(held)
    except FileNotFoundError:
        raise  # the directory itself is gone, with its rig
    except OSError as error:
        raise MetricrigError(
            f"{directory.name}: the file {name!r} cannot be written: {error.strerror or error}\n"
            "  what may be the reason: the service, or somebody else, has put a link or a file in the place of a"
            " directory"
        ) from error


def _step(held: int, name: str, owner: tuple[int, int] | None) -> int:
    """The directory of this name in the one that is held, made if there is none; that one is let go."""
    try:
        os.mkdir(name, OURS_ALONE, dir_fd=held)
        made = True
    except FileExistsError:
        made = False
    below = os.open(name, _DIRECTORY, dir_fd=held)
    os.close(held)
    if made:
        os.fchmod(below, OURS_ALONE)
        if owner is not None:
            os.fchown(below, *owner)
    return below
