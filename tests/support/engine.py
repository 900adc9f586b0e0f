"""A container engine of the tests' own: one for all processes of a test run, gone with the last of them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from socket import create_server
from typing import TYPE_CHECKING

from metricrig import Unavailable
from metricrig._core.processes import ProcessId
from support import certificates
from support.images import build_missing
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_START = 60.0
_FAR = (
    *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("sh", "-c", 'ip link set lo up && mount -t tmpfs tmpfs /dev/shm && "$@"', "box"),
)
"""A machine, as far as a kernel can play one: what rigs have in memory is not there."""


def lacks(why: str) -> Unavailable:
    """What a test says that needs an engine."""
    return Unavailable("a container engine", reason=why, remedy="install docker.io as root, or set DOCKER_HOST")


def lacking() -> str:
    """Why no engine can be started here; empty if one can."""
    if shutil.which("dockerd") is None:
        return "dockerd is not installed (apt-get install docker.io iptables)"
    return "" if os.geteuid() == 0 else "dockerd needs root, and DOCKER_HOST names no other engine"


@contextlib.contextmanager
def running(root: Path, *, far: bool = False, words: Sequence[str] = (), images: Sequence[str] = ()) -> Iterator[str]:
    """The address of the engine that belongs to this directory, with every image that tests need, or with those named.

    A ``far`` one has processes, mounts and a network of its own, as on another machine; ``box_of`` is its first.
    """
    root.mkdir(parents=True, exist_ok=True)
    socket = _short(root) / "engine.sock"
    with (root / "users").open("w") as users, (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)  # as long as anybody has this, the engine stays
        try:
            if not socket.exists():
                _start(
                    root,
                    socket,
                    [*(_FAR if far else ()), *_words(root, socket), *words, *(() if far else _by_tcp(root))],
                )
            url = f"unix://{socket}"
            build_missing(url, images)
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        try:
            yield url
        finally:
            _leave(root, users.fileno(), lock.fileno(), signal.SIGKILL if far else signal.SIGTERM)


def box_of(root: Path) -> int:
    """The first process of a far engine's machine."""
    outer = (_short(root) / "outer").read_text()
    return int(Path(f"/proc/{outer}/task/{outer}/children").read_text())


def _short(root: Path) -> Path:
    """A socket's path is at most 107 bytes: it lies in a directory of its own, whose name follows from ours."""
    directory = Path(tempfile.gettempdir()) / f"metricrig-engine-{root.stat().st_ino}"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def _words(root: Path, socket: Path) -> list[str]:
    """With data and sockets of its own. (--bridge=none would remove the bridge of whoever has one.)"""
    own = socket.parent
    words = ["dockerd", "--data-root", str(root / "data"), "--exec-root", str(own / "exec")]
    return [*words, "--pidfile", str(own / "pid"), "-H", f"unix://{socket}"]


def _by_tcp(root: Path) -> list[str]:
    """Behind TLS too, at the address in the file ``tcp``, if certificates can be made.

    A second engine in our network would do for the tests of that, but when one starts, it clears the rules of all.
    """
    if shutil.which("openssl") is None:
        return []
    made = certificates.make(root / "tls", ["127.0.0.1"])
    with create_server(("127.0.0.1", 0)) as free:
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    (root / "tcp").write_text(url)
    return ["-H", url, *certificates.of_server(made)]


def _start(root: Path, socket: Path, words: list[str]) -> None:
    with (root / "log").open("w") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    end = time.monotonic() + _START
    while "API listen on" not in (root / "log").read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise lacks(f"dockerd does not start here: {(root / 'log').read_text(errors='replace')[-2000:]}")
        time.sleep(0.01)
    (socket.parent / "outer").write_text(str(process.pid))
    process.returncode = 0  # it is not this process alone that it belongs to


def _leave(root: Path, users: int, lock: int, how: signal.Signals) -> None:
    """The last one stops the engine."""
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    own = _short(root)
    identity = ProcessId.of(int((own / "outer").read_text()))
    assert identity is not None
    os.kill(identity.pid, how)  # of another machine the first process ends all others
    eventually(lambda: not identity.alive, within=30)
    # It leaves its own network namespace mounted there.
    subprocess.run(["umount", str(own / "exec" / "netns" / "default")], capture_output=True, check=False)
    shutil.rmtree(own, ignore_errors=True)
    shutil.rmtree(root / "data", ignore_errors=True)
