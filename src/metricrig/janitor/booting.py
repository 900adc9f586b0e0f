"""Starting a janitor process: one's own, or one for several processes, which the first to need it starts."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded
from metricrig.janitor.child import PATIENCE
from metricrig.janitor.member import SOCKET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig._core.processes import ProcessId


class Process(Protocol):
    """A janitor's process, as far as its members need it."""

    @property
    def pid(self) -> int:
        """Its pid."""

    def wait(self) -> None:
        """Return when it has gone, if it goes with us."""

    def fate(self) -> str:
        """What is known of its end."""


class Own:
    """The janitor of this process alone."""

    def __init__(self, words: Sequence[str], *, inherited: Sequence[int]) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the janitor
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("boot.py")), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._complaints,
            pass_fds=inherited,
            cwd="/",
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid

    def wait(self) -> None:
        """It ends with us."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        self._complaints.close()

    def let_go(self) -> None:
        """It stays, and is nobody's child."""
        self.process.poll()
        self.process.returncode = 0  # its destructor must not complain that it runs
        self._complaints.close()

    def fate(self) -> str:
        """Its exit status and what it said."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip()
        return f" (status {self.process.returncode}{f'; it said: {said}' if said else ''})"


class Shared:
    """The janitor of several processes, whoever has started it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> None:
        """It stays for the others."""

    def fate(self) -> str:
        """Its end is told to nobody."""
        return ""


def own() -> tuple[socket.socket, Process]:
    """Start a janitor for this process."""
    ours, theirs = socket.socketpair()
    with theirs:
        return ours, Own([str(os.getpid()), str(theirs.fileno())], inherited=[theirs.fileno()])


def shared(
    directory: Path, *, mode: int, owner: ProcessId | None, linger: float, within: float = PATIENCE
) -> tuple[socket.socket, Process]:
    """Come to the door in this directory; if there is none, start the janitor who makes it.

    Of many who try at once one makes the directory, the others' janitors find it made and go.
    """
    deadline = Deadline.after(within)
    candidate: Own | None = None
    for pause in deadline.pauses():
        if (connection := _enter(directory)) is not None:
            if candidate is not None:
                candidate.let_go()
            return connection, Shared(_pid_behind(connection))
        if candidate is None and not directory.exists():
            identity = (owner.pid, owner.start) if owner else (0, 0)
            candidate = Own([str(directory), str(mode), *map(str, identity), str(linger)], inherited=[])
        elif directory.exists() and _remove_if_forsaken(directory):
            candidate = None
        time.sleep(pause)
    said = candidate.fate() if candidate else ""
    raise DeadlineExceeded("the shared janitor", wanted=f"a door in {directory}", seen=f"none{said}", within=within)


def _remove_if_forsaken(directory: Path) -> bool:
    """Remove what a janitor has left that was killed itself: it holds this lock as long as it lives."""
    import fcntl  # noqa: PLC0415 - only after such an accident

    from metricrig.janitor import registry  # noqa: PLC0415 - see above

    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == directory.stat().st_ino:
                registry.reap(registry.read(directory))
                return True
        finally:
            os.close(descriptor)
    return False


def _enter(directory: Path) -> socket.socket | None:
    """A connection, through a short path however long the directory's is."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(f"/proc/self/fd/{descriptor}/{SOCKET}")
            except OSError:
                connection.close()
                raise
            return connection
        finally:
            os.close(descriptor)
    return None


def _pid_behind(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid
