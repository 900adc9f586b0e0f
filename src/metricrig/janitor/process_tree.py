"""Processes below this one: their start, to whom they belong, killing and reaping them."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import time

from metricrig.janitor import limit_mark

TYPE_CHECKING = False  # see wire
if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.janitor.protocol import Message

MARK = "METRICRIG_INSTANCE"
"""In the environment of everything that a rig starts: ``rig id/instance name``."""

_PR_SET_CHILD_SUBREAPER = 36
_STILL = {"T", "t", "Z", "X"}
"""The states of a process that does nothing: stopped, traced, dead."""
_FREEZING = 2.0


def become_subreaper() -> None:
    """Become the parent of every orphan among our descendants. Linux only; elsewhere nothing happens."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (AttributeError, OSError):
        pass


def spawn(order: Message) -> int:
    """Start one command in a session of its own, its output going to files, so that nobody has to read a pipe."""
    files: list[int] = []
    try:
        files.append(os.open(order["stdin"] or os.devnull, os.O_RDONLY))
        files.append(_open_output(order["out"]))
        files.append(_open_output(order["err"]) if order["err"] else files[1])
        with limit_mark.Inherited(order["limit_mark"]):
            return (_spawn_as if order["user"] or "/" not in order["argv"][0] else _spawn)(order, files)
    finally:
        for each in {*files}:
            os.close(each)


def _open_output(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _spawn(order: Message, files: list[int]) -> int:
    """Start it as our own user. Not by ``subprocess``, whose import is a fifth of a janitor's boot.

    Nothing of ours is inheritable, our umask is a private one, and no signal is ignored.
    """
    os.chdir(order["cwd"])
    try:
        actions = [(os.POSIX_SPAWN_DUP2, each, number) for number, each in enumerate(files)]
        return os.posix_spawn(order["argv"][0], order["argv"], order["env"], file_actions=actions, setsid=True)
    except NotImplementedError:  # a C library that cannot make sessions
        return _spawn_as(order, files)
    finally:
        os.chdir("/")


def _spawn_as(order: Message, files: list[int]) -> int:
    """Start it as another user, or by a name that is looked up on PATH."""
    import subprocess  # noqa: PLC0415 - see above

    uid, gid = order["user"] or (None, None)
    process = subprocess.Popen(
        order["argv"],
        cwd=order["cwd"],
        env=order["env"],
        stdin=files[0],
        stdout=files[1],
        stderr=files[2],
        start_new_session=True,
        close_fds=False,
        user=uid,
        group=gid,
        extra_groups=[] if order["user"] else None,
    )
    process.returncode = 0  # the janitor reaps it itself: Popen's destructor must not
    return process.pid


def children() -> list[int]:
    """The pids of all children of this process: those that it started and the orphans it was handed."""
    return list(children_of(os.getpid()))


def session_of(pid: int) -> int:
    """The session that a process (a zombie too) belongs to; 0 if there is no such process."""
    fields = _stat(pid)
    return int(fields[3]) if fields else 0


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and everything below it, and of what they have waited for."""
    user = 11  # the first of four fields: its own user and system time, and its dead children's
    ticks = [_stat(each)[user : user + 4] for each in (pid, *descendants(pid))]
    return sum(int(field) for fields in ticks for field in fields) / os.sysconf("SC_CLK_TCK")


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
    try:
        result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    if result is None:
        return None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def reap(pid: int) -> None:
    """Let go of a child's pid, if it is dead."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def children_of(pid: int) -> Iterator[int]:
    """The pids of the children of a process, of each of its threads."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found = file.read()
        except OSError:
            continue  # it has ended since
        yield from map(int, found.split())


def descendants(pid: int) -> list[int]:
    """Everything below a process, whatever session it has made for itself; parents before children."""
    found = list(children_of(pid))
    for each in found:
        found += children_of(each)
    return found


def send(pid: int, number: int) -> None:
    """Send a signal to one process; one that is gone does not mind."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def send_to_tree(pid: int, number: int) -> list[int]:
    """Send a signal to a process, its group and everything below it; says who was below.

    The group alone is not enough: PostgreSQL gives each backend a session of its own. The parent is first, so
    that a paused one starts nobody new behind our back.
    """
    send(pid, number)
    below = descendants(pid)
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
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


def is_frozen(pid: int) -> bool:
    """Whether a process and everything below it is stopped."""
    return all(_state(each) in _STILL for each in [pid, *descendants(pid)])


def kill_orphan(pid: int) -> None:
    """Kill an orphan and everything below it."""
    for each in [pid, *descendants(pid)]:
        send(each, signal.SIGKILL)


def writes_below(pid: int, path: str) -> bool:
    """Whether a process's standard output or error goes to this file, or to one in this directory."""
    for descriptor in (1, 2):
        try:
            if os.readlink(f"/proc/{pid}/fd/{descriptor}").startswith(path):
                return True
        except OSError:
            continue
    return False
