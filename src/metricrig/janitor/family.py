"""The processes below this one: starting them, telling whose they are, killing and reaping them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.janitor.wire import Message

MARK = "METRICRIG_INSTANCE"
"""In the environment of everything that a rig starts: ``rig id/instance name``."""

_PR_SET_CHILD_SUBREAPER = 36
_STILL = {"T", "t", "Z", "X"}
"""The states of a process that does nothing: stopped, traced, dead."""
_FREEZING = 2.0


def become_subreaper() -> None:
    """Have every orphan among our descendants handed to us; a Linux power, elsewhere nothing happens."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(order: Message) -> subprocess.Popen[bytes]:
    """Start one command in a session of its own, its output going to files: nobody has to drain a pipe."""
    with contextlib.ExitStack() as files:
        out = files.enter_context(open(order["out"], "ab"))
        err = files.enter_context(open(order["err"], "ab")) if order["err"] else subprocess.STDOUT
        source = files.enter_context(open(order["stdin"] or os.devnull, "rb"))
        switch: dict[str, Any] = {}
        if order["user"]:
            uid, gid = order["user"]
            switch = {"user": uid, "group": gid, "extra_groups": []}
        return subprocess.Popen(
            order["argv"],
            cwd=order["cwd"],
            env=order["env"],
            stdin=source,
            stdout=out,
            stderr=err,
            start_new_session=True,
            umask=0o077,
            close_fds=False,  # none of ours is inheritable, and looking for others costs 0.1 ms
            **switch,
        )


def children() -> list[int]:
    """The pids of all children of this process: those that it started and the orphans it was handed."""
    return list(children_of(os.getpid()))


def session_of(pid: int) -> int:
    """The session that a process (a zombie too) belongs to; 0 if there is no such process."""
    fields = _stat(pid)
    return int(fields[3]) if fields else 0


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else "X"


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the state on."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode().split()
    except OSError:
        return []


def mark_of(pid: int) -> str:
    """The mark in a process's environment; empty if it has none, or has written over it."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return ""
    start = MARK.encode() + b"="
    return next((each[len(start) :].decode() for each in variables if each.startswith(start)), "")


def exit_status(pid: int) -> int | None:
    """How a child ended, negative for a signal, without letting go of its pid; None while it runs."""
    with contextlib.suppress(ChildProcessError):
        result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if result is not None:
            return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
    return None


def reap(pid: int) -> None:
    """Let go of a child's pid, if it is dead."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def children_of(pid: int) -> Iterator[int]:
    """The pids of the children of a process, of each of its threads."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                yield from (int(child) for child in file.read().split())


def descendants(pid: int) -> list[int]:
    """Everything below a process, whatever session it has made for itself; parents before children."""
    found = list(children_of(pid))
    for each in found:
        found += children_of(each)
    return found


def send(pid: int, number: int) -> None:
    """Send a signal to one process; one that is gone does not mind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def send_to_tree(pid: int, number: int) -> list[int]:
    """Send a signal to a process, its group and everything below it; says who was below.

    The group alone is not enough: PostgreSQL gives each backend a session of its own. The parent is first, so
    that a paused one starts nobody new behind our back.
    """
    send(pid, number)
    below = descendants(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
    for each in below:
        send(each, number)
    return below


def freeze(pid: int) -> None:
    """Stop a process and everything below it; returns when nothing of it runs any more.

    A signal is delivered some time after it is sent, and a worker may be born meanwhile: so ask again until all of
    them, also those that have just appeared, are seen to be stopped.
    """
    end = time.monotonic() + _FREEZING
    while time.monotonic() < end:
        below = send_to_tree(pid, signal.SIGSTOP)
        if all(_state(each) in _STILL for each in [pid, *below]):
            return
        select.select([], [], [], 0.0005)


def kill_orphan(pid: int) -> None:
    """Kill an orphan and everything below it."""
    for each in [pid, *descendants(pid)]:
        send(each, signal.SIGKILL)


def writes_below(pid: int, path: str) -> bool:
    """Whether a process's standard output or error goes to this file, or to one in this directory."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/fd/{descriptor}").startswith(path):
                return True
    return False
