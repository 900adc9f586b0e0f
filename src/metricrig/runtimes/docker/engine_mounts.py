"""What we mount, and an engine of this machine does not see, because it has mounts of its own."""

from __future__ import annotations

import socket
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable
from metricrig.runtimes.process.private_disk import program

if TYPE_CHECKING:
    from metricrig.runtimes.docker.engine.connection import ContainerEngine


def show(engine: ContainerEngine, directory: Path) -> None:
    """Let it see what is mounted on this directory, if it does not."""
    pid = _behind(engine.candidate.url)
    if pid is None or _sees(pid, directory):
        return
    done = subprocess.run(
        [*program("show"), str(pid), str(directory)], check=False, capture_output=True, text=True, cwd="/"
    )
    if done.returncode:
        raise Unavailable(
            f"a disk of its own for the container {directory.name}",
            reason=f"the engine (pid {pid}) has mounts of its own, and none can be added: {done.stderr.strip()}",
            remedy="run the service as a process; or let the engine see all mounts (MountFlags=shared in its unit)",
        )


def _behind(url: str) -> int | None:
    """The process that listens on the engine's socket; None if it is reached otherwise."""
    if not url.startswith("unix://"):
        return None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(url.removeprefix("unix://"))
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, _, _ = struct.unpack("3i", credentials)
    return int(pid)


def _sees(pid: int, directory: Path) -> bool:
    """Whether a process sees the same there as we do."""
    try:
        return Path(f"/proc/{pid}/root{directory}").stat().st_dev == directory.stat().st_dev
    except OSError:
        return False
