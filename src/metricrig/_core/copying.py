"""Copying a directory of many small files, quickly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def copy_tree(source: Path, target: Path, *, owner: tuple[int, int] | None) -> None:
    """Copy directories, files and links with their permissions, given to ``owner`` if there is one.

    A third of the time of ``shutil.copytree``, which also copies times, attributes and flags file by file.
    """
    _copy_directory(str(source), str(target), owner)


def _copy_directory(source: str, target: str, owner: tuple[int, int] | None) -> None:
    os.mkdir(target, os.stat(source).st_mode & 0o777)
    if owner is not None:
        os.chown(target, *owner)
    with os.scandir(source) as entries:
        for entry in entries:
            destination = f"{target}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), destination)
            elif entry.is_dir():
                _copy_directory(entry.path, destination, owner)
            else:
                _copy_file(entry.path, destination, owner)


def _copy_file(source: str, target: str, owner: tuple[int, int] | None) -> None:
    reading = os.open(source, os.O_RDONLY)
    try:
        facts = os.fstat(reading)
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, facts.st_mode & 0o777)
        try:
            left = facts.st_size
            while left > 0:
                sent = os.sendfile(writing, reading, None, left)
                if not sent:
                    break
                left -= sent
            if owner is not None:
                os.fchown(writing, *owner)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
