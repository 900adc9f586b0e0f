"""As whom a service runs that refuses to run as root."""

from __future__ import annotations

import os
import pwd

from metricrig._core.errors import Unavailable

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
