"""The start of a janitor process: one for this process alone, or one that several processes share."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded, MetricrigError
from metricrig._core.private_directory import NotOurs, PrivateDirectory
from metricrig._core.process_id import ProcessId, state_of
from metricrig._core.resource_limits import explained
from metricrig.janitor.child import JANITOR_REPLY_TIMEOUT
from metricrig.janitor.protocol import GREETING
from metricrig.janitor.server.members import SOCKET, TAKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NO_DEATH = -1
_ATTEMPTS = 3
_SOON = 0.5
"""Seconds in which a janitor usually has cleaned up; one that has not is looked at."""


class Process(Protocol):
    """What a client needs to know of its janitor's process."""

    @property
    def pid(self) -> int:
        """Its pid."""

    def wait(self) -> None:
        """Return when it has ended, if it ends with this process."""

    def fate(self) -> str:
        """What is known of its end."""


class OwnJanitorProcess:
    """The janitor of this process alone."""

    def __init__(self, owner: ProcessId | None, words: Sequence[str], *, inherited: Sequence[int]) -> None:
        with explained("the janitor, a process that cleans up"), _death_of(owner) as death:
            identity = (owner.pid, owner.start) if owner else (0, 0)
            self._complaints = _new_file()
            try:
                with _deaf():
                    self.process = subprocess.Popen(
                        [sys.executable, "-I", "-S", _BOOT, str(death), *map(str, identity), *words],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=self._complaints,
                        pass_fds=[each for each in (*inherited, death) if each != _NO_DEATH],
                        cwd="/",
                        start_new_session=True,
                    )
            except BaseException:
                self._complaints.close()
                raise

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid

    def wait(self) -> None:
        """Return when it has ended. One that somebody has stopped is continued: what it cleans up is ours."""
        for patience in (_SOON, JANITOR_REPLY_TIMEOUT):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
                break
            if state_of(self.pid) == "T":
                self.process.send_signal(signal.SIGCONT)
        self._complaints.close()

    def let_go(self) -> None:
        """Leave it running, and do not wait for it any more."""
        self.process.poll()
        self.process.returncode = 0  # its destructor must not complain that it runs
        self._complaints.close()

    def fate(self) -> str:
        """Its exit status and what it said."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        said = self.said()
        return f" (status {self.process.returncode}{f'; it said: {said}' if said else ''})"

    def said(self) -> str:
        """What it has written to its standard error."""
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace").strip()


class SharedJanitorProcess:
    """The janitor that several processes share, whoever has started it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> None:
        """It stays for the others."""

    def fate(self) -> str:
        """Whether it lives: nobody but its parent learns how it has ended."""
        return " for us: it lives, but has ended the connection" if ProcessId.of(self.pid) else ""


def _new_file() -> BinaryIO:
    """A file without a name; in memory where possible, because a full ``/tmp`` is no reason not to start."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("janitor"), "w+b")
    import tempfile  # noqa: PLC0415 - elsewhere than on Linux

    return tempfile.TemporaryFile()


_BOOT = str(Path(__file__).with_name("server") / "boot.py")


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Start processes within the block with all signals blocked: the janitor unblocks those that it handles."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _death_of(owner: ProcessId | None) -> Iterator[int]:
    """A descriptor that becomes readable when this process dies, for a janitor to inherit.

    Opened before the janitor exists: there is no moment at which the owner could die unnoticed.
    """
    descriptor = _NO_DEATH
    if owner is not None:
        with contextlib.suppress(AttributeError, ProcessLookupError, NotImplementedError, PermissionError):
            descriptor = os.pidfd_open(owner.pid)
        if owner.pid != os.getpid() and not owner.alive:
            if descriptor != _NO_DEATH:
                os.close(descriptor)
            raise MetricrigError(f"the process {owner.pid} that these servers belong to has ended")
    try:
        yield descriptor
    finally:
        if descriptor != _NO_DEATH:
            os.close(descriptor)


def own() -> tuple[socket.socket, Process]:
    """Start a janitor for this process."""
    with explained("the janitor, a process that cleans up"):
        ours, theirs = socket.socketpair()
    try:
        with theirs:
            return ours, OwnJanitorProcess(
                ProcessId.of(os.getpid()), [str(theirs.fileno())], inherited=[theirs.fileno()]
            )
    except BaseException:
        ours.close()
        raise


def shared(
    directory: Path, *, mode: int, owner: ProcessId | None, linger: float, within: float = JANITOR_REPLY_TIMEOUT
) -> tuple[socket.socket, Process]:
    """Connect to the shared janitor of this directory; if there is none, start it.

    Of several that are started at once, one makes the directory; the others find it made and end.
    """
    deadline = Deadline.after(within)
    candidates: list[OwnJanitorProcess] = []
    for pause in deadline.pauses():
        if (connection := _enter(directory)) is not None:
            for each in candidates:
                each.let_go()
            return connection, SharedJanitorProcess(_behind(connection)[0])
        if directory.exists():
            _remove_if_forsaken(directory)
        elif not candidates or _has_ended(candidates[-1], directory, last=len(candidates) == _ATTEMPTS):
            candidates.append(OwnJanitorProcess(owner, [str(directory), str(mode), str(linger)], inherited=[]))
        time.sleep(pause)
    said = candidates[-1].fate() if candidates else ""
    raise DeadlineExceeded("the shared janitor", wanted=f"a door in {directory}", seen=f"none{said}", within=within)


def _has_ended(candidate: OwnJanitorProcess, directory: Path, *, last: bool) -> bool:
    """Whether it has ended without having made its directory. After the last try, raises why."""
    status = candidate.process.poll()
    if status is None:
        return False
    if status != TAKEN:
        from metricrig.janitor import rig_directory  # noqa: PLC0415 - only after such an accident

        for unfinished in directory.parent.glob(f".{rig_directory.MAKING}-{candidate.pid}-*-{directory.name}"):
            rig_directory.remove(str(unfinished))
        if last:
            raise MetricrigError(f"no janitor can be started for {directory}{candidate.fate()}")
    return True


def _remove_if_forsaken(directory: Path) -> bool:
    """Remove what a killed janitor has left: one that lives holds this lock."""
    import fcntl  # noqa: PLC0415 - only after such an accident

    from metricrig.janitor import found_rigs  # noqa: PLC0415 - see above

    with contextlib.suppress(OSError), PrivateDirectory.open(str(directory)) as held:
        fcntl.flock(held.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(held.descriptor).st_ino == directory.stat().st_ino:
            found_rigs.reap(found_rigs.read(directory))
            return True
    return False


def _enter(directory: Path) -> socket.socket | None:
    """A connection to its socket, by a short path: the system limits a socket's path to about 100 bytes."""
    with contextlib.suppress(OSError), PrivateDirectory.open(str(directory)) as held:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(f"/proc/self/fd/{held.descriptor}/{SOCKET}")
            if _behind(connection)[1] != os.geteuid():
                raise NotOurs(f"{directory}/{SOCKET}", "somebody else listens there")
            connection.sendall(GREETING)
        except OSError:
            connection.close()
            raise
        return connection
    return None


def _behind(connection: socket.socket) -> tuple[int, int]:
    """The pid and the uid of the process that listens there."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    return pid, uid
