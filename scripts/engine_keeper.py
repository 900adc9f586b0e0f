"""Keeps a container engine as long as it has users, and removes all of it then.

``engine_keeper.py CONNECTION DOOR DIRECTORY PLACE COMMAND…``: started by ``container_engine``, with the connection of
the first user and the socket to which further ones come. It is the engine's parent and, as a subreaper, the parent of
whatever the engine leaves: nothing escapes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import engine_remains
from container_engine import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

_PR_SET_CHILD_SUBREAPER = 36
_BOUND = ("unshare", "--mount", "--propagation", "slave", "setpriv", "--pdeathsig", "KILL")
"""Mounts of its own, which go with the last process; and the first process dies with the keeper, whatever ends that."""
_DEATH_TIMEOUT = 60.0
_TICK = 0.01


class User:
    """A process with a connection, and the test run that it is part of."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.deaths: list[int] = []
        self._said = b""

    @property
    def descriptors(self) -> list[int]:
        """What becomes readable when there is something new about it."""
        return [self.connection.fileno(), *self.deaths]

    def gone(self, ready: set[int]) -> bool:
        """Whether it is: its connection is closed, or one of the processes that it has named is dead."""
        if ready.intersection(self.deaths):
            return True
        if self.connection.fileno() not in ready:
            return False
        said = b""
        with contextlib.suppress(OSError):
            said = self.connection.recv(64)
        self._said += said
        return not said or (b"\n" in self._said and not self._watch())

    def _watch(self) -> bool:
        """A copy of the connection in a forked child must not keep the engine: so look at the processes too."""
        try:
            self.deaths = [os.pidfd_open(int(pid)) for pid in set(self._said.split())]
        except ProcessLookupError:
            return False
        return True

    def leave(self) -> None:
        """Let go of it."""
        self.connection.close()
        for each in self.deaths:
            os.close(each)


class Keeper:
    """The engine, its users, and the door for more of them."""

    def __init__(self, directory: Path, place: Place, first: socket.socket, door: socket.socket) -> None:
        self._directory = directory
        self._place = place
        self._users = [User(first)]
        self._door = door
        self._door.setblocking(False)  # noqa: FBT003 - the signature is the standard library's

    def keep(self, command: Sequence[str], wakeup: int) -> None:
        """Start it, and return when nobody uses it or it has ended itself; nobody comes in any more then."""
        engine_remains.make_network(self._place)
        engine = subprocess.Popen([*_BOUND, *command], stdin=subprocess.DEVNULL)
        (self._place.path / "engine.pid").write_text(str(engine.pid))
        while engine.poll() is None:
            ready = self._await_news(wakeup)
            self._let_in()
            leaving = [user for user in self._users if user.gone(ready)]
            self._users = [user for user in self._users if user not in leaving]
            if not self._users and self._closed():
                self._users = leaving  # these connections end with this process: who has left waits for that
                return
            for user in leaving:
                user.leave()
        self._close()

    def _await_news(self, wakeup: int) -> set[int]:
        poll = select.poll()
        for each in (wakeup, self._door.fileno(), *(each for user in self._users for each in user.descriptors)):
            poll.register(each, select.POLLIN)
        ready = {each for each, _ in poll.poll()}
        if wakeup in ready:
            os.read(wakeup, 4096)
        return ready

    def _let_in(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._users.append(User(self._door.accept()[0]))

    def _closed(self) -> bool:
        """Close the door, unless somebody stands there: whoever comes holds this lock."""
        with (self._directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._let_in()
            if not self._users:
                self._close()
        return not self._users

    def _close(self) -> None:
        self._door.close()
        named = self._directory / "place"
        with contextlib.suppress(OSError):  # the directory may be gone already
            self._place.door.unlink()
            if named.read_text() == str(self._place.path):
                named.unlink()


def end_all(place: Place) -> None:
    """Kill everything below this process, until nothing is there."""
    end = time.monotonic() + _DEATH_TIMEOUT
    while _reap() and time.monotonic() < end:
        engine_remains.thaw(place)  # what is frozen does not die
        for pid in _descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_TICK)


def _reap() -> bool:
    """Let go of dead children; whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _descendants() -> list[int]:
    found = list(_children(os.getpid()))
    for each in found:
        found += _children(each)
    return found


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(each) for path in Path(f"/proc/{pid}/task").iterdir() for each in _words(path / "children")]
    return []


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _take_signals() -> int:
    """Wake up for dead children, and outlive signals that are meant for others.

    What a shell's background job ignores, the engine does not: a handler is not inherited.
    """
    reading, writing = os.pipe()
    for each in (reading, writing):
        os.set_blocking(each, False)
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _given(descriptor: str) -> socket.socket:
    """A socket that was handed to us, and is not for what we start."""
    given = socket.socket(fileno=int(descriptor))
    given.set_inheritable(False)
    return given


def main(connection: str, door: str, directory: str, path: str, *command: str) -> None:
    """Keep the engine, then remove it."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wakeup = _take_signals()
    os.chdir("/")
    place = Place(Path(path))
    first, entrance = (_given(descriptor) for descriptor in (connection, door))
    keeper = Keeper(Path(directory), place, first, entrance)
    try:
        keeper.keep(command, wakeup)
    finally:
        end_all(place)
        engine_remains.remove(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
