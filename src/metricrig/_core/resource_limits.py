"""What a process may run out of, open files and processes above all, as an error that says which limit to raise."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

_FILES = {errno.EMFILE, errno.ENFILE}
_PROCESSES = {errno.EAGAIN, errno.ENOMEM}


def shortage(error: OSError | None) -> tuple[str, str] | None:
    """The reason and the remedy, where an error says that a limit is reached; None if it says something else."""
    import resource  # noqa: PLC0415 - only when something has gone wrong

    if error is None or error.errno in _PROCESSES:
        limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
        most = f"{limit} are allowed to this user" if limit != resource.RLIM_INFINITY else "memory or pids are short"
        return f"no further process or thread can be started: {most}", "raise the limit (ulimit -u), or start fewer"
    if error.errno in _FILES:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return f"too many files are open: {limit} are allowed", "raise the limit (ulimit -n 1024)"
    return None


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Have a limit that is reached within the block raised as what this machine lacks."""
    try:
        yield
    except OSError as error:
        if (found := shortage(error)) is None:
            raise
        raise Unavailable(what, reason=found[0], remedy=found[1]) from error


def start_thread(thread: threading.Thread) -> None:
    """Start a thread; if there can be no further one, the error says why."""
    try:
        thread.start()
    except RuntimeError as error:
        found = shortage(None)
        assert found is not None  # noqa: S101 - for the type checker
        raise Unavailable(f"the thread {thread.name}", reason=found[0], remedy=found[1]) from error
