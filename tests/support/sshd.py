"""A real sshd on 127.0.0.1, with keys of its own, whose sessions are on another machine: inetd, in a few lines."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIG = """
HostKey {directory}/host
AuthorizedKeysFile {directory}/client.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
LogLevel VERBOSE
"""
_CLIENT = """
Host 127.0.0.1
  IdentityFile {directory}/client
  IdentitiesOnly yes
  UserKnownHostsFile {directory}/known
  StrictHostKeyChecking yes
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """``client`` is how ssh is called to be let in."""

    address: str
    client: str
    log: Path


def lacking() -> str:
    """Why there can be none; empty if there can."""
    return "" if shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") else "sshd is not installed"


@contextlib.contextmanager
def running(directory: Path, box: int) -> Iterator[Sshd]:
    """Until the end of the block. ``box`` is a process of the machine that one is logged in to."""
    if why := lacking():
        raise Unavailable("an SSH server", reason=why, remedy="apt-get install openssh-server", excuse=True)
    directory.mkdir(parents=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "client"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    (directory / "sshd").write_text(_CONFIG.format(directory=directory))
    (directory / "ssh").write_text(_CLIENT.format(directory=directory))
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        (directory / "known").write_text(f"[127.0.0.1]:{port} {(directory / 'host.pub').read_text()}")
        log = directory / "log"
        words = ["nsenter", "-t", str(box), "-m", "-n", "-p"]
        words += ["/usr/sbin/sshd", "-i", "-e", "-f", str(directory / "sshd")]
        sessions: list[subprocess.Popen[bytes]] = []
        thread = threading.Thread(target=_let_in, args=(door, words, log, sessions), daemon=True)
        thread.start()
        yield Sshd(f"root@127.0.0.1:{port}", f"ssh -F {directory / 'ssh'}", log)
        door.shutdown(socket.SHUT_RDWR)
    thread.join()
    for each in sessions:
        each.terminate()
        each.wait()


def _let_in(door: socket.socket, words: list[str], log: Path, sessions: list[subprocess.Popen[bytes]]) -> None:
    """A server for each connection, which is its input and output."""
    while True:
        try:
            connection, _ = door.accept()
        except OSError:
            return
        with connection, log.open("ab") as errors:
            both = connection.fileno()
            sessions.append(subprocess.Popen(words, stdin=both, stdout=both, stderr=errors))
