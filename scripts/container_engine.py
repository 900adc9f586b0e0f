"""A container engine that ends with those who use it: one for all processes that name the same directory.

Its keeper (``engine_keeper``) is the parent of all that belongs to it. Each user holds a connection to the keeper, the
first from before the keeper exists: when the last connection is closed, by whatever has ended its process, the engine
goes, and all that it has started, mounted and configured.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ENGINE_START_TIMEOUT = 120.0
ENGINE_END_TIMEOUT = 60.0
_FAR = (
    *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("sh", "-c", 'ip link set lo up && mount -t tmpfs tmpfs /dev/shm && exec "$@"', "box"),
)
"""A machine, as far as a kernel can play one: what others have in memory is not there."""


class EngineFailed(Exception):
    """It does not start here; the text says what it has said."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine has its data and its sockets: a socket's path is at most 107 bytes, so this is a short one."""

    path: Path

    @property
    def tag(self) -> str:
        """A part of the names of what it has outside of its directory."""
        return self.path.name[-8:]

    @property
    def socket(self) -> Path:
        """Where the engine answers."""
        return self.path / "engine.sock"

    @property
    def url(self) -> str:
        """The same as a value of DOCKER_HOST."""
        return f"unix://{self.socket}"

    @property
    def door(self) -> Path:
        """Where the keeper lets further users in."""
        return self.path / "door.sock"

    @property
    def bridge(self) -> str:
        """A network interface of its own, so that nobody's docker0 is touched."""
        return f"mre-{self.tag}"

    @property
    def control_group(self) -> str:
        """The parent of its containers' control groups."""
        return f"metricrig-engine-{self.tag}"

    @property
    def pid(self) -> int:
        """The engine's first process."""
        return int((self.path / "engine.pid").read_text())


def lacking() -> str:
    """Why no engine can be started here; empty if one can."""
    missing = [word for word in ("dockerd", "ip", "unshare", "setpriv") if shutil.which(word) is None]
    if missing:
        return f"{', '.join(missing)}: not installed (apt-get install docker.io iptables iproute2 util-linux)"
    return "" if os.geteuid() == 0 else "dockerd needs root, and DOCKER_HOST names no other engine"


def dockerd(*words: str) -> Callable[[Place], list[str]]:
    """Docker's, in the network of this machine.

    It makes no firewall rules: they would outlive it, and an engine that starts clears those of all others. Ports of
    127.0.0.1 are passed on by its proxies, and containers of one network are neighbours on a bridge, which one rule of
    the keeper's allows.
    """
    return lambda place: [
        *_dockerd(place),
        *("--bridge", place.bridge, "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"),
        *words,
    ]


def far_dockerd(*words: str) -> Callable[[Place], list[str]]:
    """Docker's, with processes, mounts and a network of its own, as on another machine; ``box_of`` is its first."""
    return lambda place: [*_FAR, *_dockerd(place), *words]


def _dockerd(place: Place) -> list[str]:
    files = {"data-root": "data", "exec-root": "exec", "pidfile": "dockerd.pid"}
    return [
        *("dockerd", "-H", place.url, *(f"--{name}={place.path / file}" for name, file in files.items())),
        *("--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{place.control_group}"),
    ]


def box_of(place: Place) -> int:
    """The first process of a far engine's machine."""
    return int(Path(f"/proc/{place.pid}/task/{place.pid}/children").read_text())


@contextlib.contextmanager
def using(directory: Path, command: Callable[[Place], Sequence[str]], *, run: int | None = None) -> Iterator[Place]:
    """The engine of this directory; the first to ask has it started by this command.

    ``run`` is the process of the whole test run, where this one is a part of it: with that the engine ends too.
    """
    directory.mkdir(parents=True, exist_ok=True)
    place, connection = _join(directory, command)
    with connection:
        try:
            with contextlib.suppress(BrokenPipeError):  # why, its log says
                connection.sendall(f"{os.getpid()} {run or os.getpid()}\n".encode())
            _await_answer(place, connection, directory / "log")
            yield place
        finally:
            _leave(connection)


def _join(directory: Path, command: Callable[[Place], Sequence[str]]) -> tuple[Place, socket.socket]:
    """Come to the keeper; under the lock that it takes too when it wants to go."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        named = directory / "place"
        if named.exists():
            place = Place(Path(named.read_text()))
            with contextlib.suppress(OSError):
                return place, _connect(place.door)
        place = Place(Path(tempfile.mkdtemp(prefix="metricrig-engine-")))
        connection = _start_keeper(directory, place, command(place))
        named.write_text(str(place.path))
        return place, connection


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def _start_keeper(directory: Path, place: Place, command: Sequence[str]) -> socket.socket:
    """The door is open from the first moment on: whoever comes next must not start another one."""
    ours, theirs = socket.socketpair()
    keeper = [sys.executable, str(Path(__file__).with_name("engine_keeper.py"))]
    with theirs, socket.socket(socket.AF_UNIX) as door, (directory / "log").open("wb") as log:
        door.bind(str(place.door))
        door.listen(64)
        process = subprocess.Popen(
            [*keeper, str(theirs.fileno()), str(door.fileno()), str(directory), str(place.path), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs.fileno(), door.fileno()],
            start_new_session=True,
        )
    process.returncode = 0  # it is not of this process alone
    return ours


def _await_answer(place: Place, connection: socket.socket, log: Path) -> None:
    """Until the engine answers. The keeper says nothing, ever: the end of its connection is the engine's."""
    end = time.monotonic() + ENGINE_START_TIMEOUT
    connection.settimeout(0.02)
    while not answers(place.socket):
        if _hung_up(connection):
            raise EngineFailed(f"the engine does not start here:\n{log.read_text(errors='replace')[-2000:]}")
        if time.monotonic() > end:
            said = log.read_text(errors="replace")[-2000:]
            raise EngineFailed(f"the engine did not answer within {ENGINE_START_TIMEOUT:g} s:\n{said}")


def _hung_up(connection: socket.socket) -> bool:
    """Whether the keeper is gone; it may have been gone before it read who we are."""
    try:
        return not connection.recv(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def _leave(connection: socket.socket) -> None:
    """Go; the last one returns when nothing is left of the engine."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(ENGINE_END_TIMEOUT)
        connection.recv(1)


def answers(path: Path) -> bool:
    """Whether an engine says there that it is well."""
    with contextlib.suppress(OSError), _connect(path) as asking:
        asking.settimeout(ENGINE_START_TIMEOUT)
        asking.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
        return b" 200 " in asking.recv(64)
    return False
