"""The user that a service runs as: our own, the one it names, or an ordinary one where it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.service import Service

DEFAULT = "nobody"
"""Not "postgres": on a machine with a real cluster that user owns the data in it."""


@dataclass(frozen=True, slots=True)
class PasswdEntry:
    """A line of a list of users."""

    name: str
    uid: int
    gid: int


def process_user(service: Service) -> tuple[int, int] | None:
    """The user and group of this machine that a process has to switch to; None if it runs as ourselves."""
    if service.user is None:
        return unprivileged() if service.unprivileged else None
    wanted = ids_of(service, _of_this_machine(service.user.partition(":")[0]), where="on this machine")
    if wanted == (os.geteuid(), os.getegid()):
        return None
    if os.geteuid() != 0:
        raise Unavailable(
            f"{service.name} as user {service.user!r}",
            reason=f"only root may start processes as uid {wanted[0]}, and you are uid {os.geteuid()}",
            remedy="run the tests as root or as that user, leave user out, or run it in a container:"
            ' Rig(runtime="docker")',
        )
    return wanted


def ids_of(service: Service, found: PasswdEntry | None, *, where: str) -> tuple[int, int]:
    """What a service's ``user`` means; ``found`` is his entry, which only a name needs."""
    user, _, group = (service.user or "").partition(":")
    if found is None and not user.isdecimal():
        raise Unavailable(
            f"{service.name} as user {service.user!r}",
            reason=f"there is no such user {where}",
            remedy='name another one, or say numbers, which anybody may have: user="1000:1000"',
        )
    uid = found.uid if found else int(user)
    return uid, int(group) if group else found.gid if found else uid


def _of_this_machine(user: str) -> PasswdEntry | None:
    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        return None
    return PasswdEntry(entry.pw_name, entry.pw_uid, entry.pw_gid)


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
            excuse="METRICRIG_USER" not in os.environ,
        ) from None
    return entry.pw_uid, entry.pw_gid


def require_way(directory: Path, user: tuple[int, int]) -> None:
    """Refuse a directory that this user cannot enter: what servers say of that does not name the cause."""
    for each in directory.parents:
        status = each.stat()
        passes = {status.st_uid == user[0]: stat.S_IXUSR, status.st_gid == user[1]: stat.S_IXGRP}.get(
            True, stat.S_IXOTH
        )
        if not status.st_mode & passes:
            raise Unavailable(
                f"a directory for uid {user[0]}",
                reason=f"the way to {directory} is closed: {each} is {stat.filemode(status.st_mode)}",
                remedy=f"let others pass: chmod o+x {each}; or say data=... or METRICRIG_DATA for another place",
            )
