"""As whom a service runs that refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = "nobody"
"""Not "postgres": on a machine with a real cluster that user owns the data in it."""


def unprivileged() -> tuple[int, int] | None:
    """The user and group to switch to; None when we are an ordinary user ourselves."""
    if os.geteuid() != 0:
        return None
    name = os.environ.get("METRICRIG_USER", DEFAULT)
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Unavailable(
            "an unprivileged user",
            reason=f"there is no user {name!r}, and this service refuses to run as root",
            remedy="set METRICRIG_USER to the name of an ordinary user, or run the tests as one",
        ) from None
    return entry.pw_uid, entry.pw_gid


def require_way(directory: Path, user: tuple[int, int]) -> None:
    """Refuse a directory that this user cannot get to: what the server would say of it is a riddle."""
    for each in directory.parents:
        status = each.stat()
        passes = {status.st_uid == user[0]: stat.S_IXUSR, status.st_gid == user[1]: stat.S_IXGRP}.get(
            True, stat.S_IXOTH
        )
        if not status.st_mode & passes:
            raise Unavailable(
                f"a directory for uid {user[0]}",
                reason=f"the way to {directory} is closed: {each} is {stat.filemode(status.st_mode)}, and this service"
                f" refuses to run as root",
                remedy=f"let others pass: chmod o+x {each}; or say data=... or METRICRIG_DATA for another place",
            )
