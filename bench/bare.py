"""The bare exec: the same program with the same flags, and the tightest poll for the same answer."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from metricrig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from metricrig import Service

    IsReady = Callable[[int], bool]

LOOPBACK = "127.0.0.1"
GIVE_UP = 30.0
_PAUSE = 0.001


@dataclass(frozen=True, slots=True)
class Recipe:
    """The command that metricrig itself has executed once, with its directory and its port made exchangeable."""

    argv: tuple[str, ...]
    directory: str
    port: str
    files: Mapping[str, bytes]
    base: Path
    """A directory of the same file system as the rig's, to make fresh ones in."""

    def command(self, directory: Path, port: int) -> list[str]:
        """The same with another directory and another port."""
        return [word.replace(self.directory, str(directory)).replace(self.port, str(port)) for word in self.argv]


def recipe(service: Service) -> Recipe:
    """Start it in a rig once, and write down how that was done."""
    with Rig("bench") as rig:
        instance = rig.add(service)
        rig.start()
        return Recipe(
            argv=instance.command,
            directory=str(instance.dir),
            port=str(instance.port),
            files={name: (instance.dir / name).read_bytes() for name in service.files},
            base=rig.directory.parents[1],
        )


def kitchen(recipe: Recipe) -> Path:
    """A fresh directory with the service's files in it."""
    directory = Path(tempfile.mkdtemp(prefix="metricrig-bench-", dir=recipe.base))
    for name, content in recipe.files.items():
        (directory / name).write_bytes(content)
    return directory


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port of our own: bound, so that nobody else on this machine is given it, but not listening.

    Servers that set SO_REUSEADDR, as all of these do, can listen on it nevertheless.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        yield holder.getsockname()[1]


def bare_start(recipe: Recipe, is_ready: IsReady) -> float:
    """Seconds from exec to the first right answer. Making the directory and its files is not counted."""
    directory = kitchen(recipe)
    try:
        with reserved_port() as port, (directory / "output").open("wb") as output:
            return _exec(recipe.command(directory, port), output, directory, lambda: is_ready(port))
    finally:
        shutil.rmtree(directory)


def _exec(command: Sequence[str], output: IO[bytes], directory: Path, is_ready: Callable[[], bool]) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )
    try:
        _poll(process, is_ready)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


def _poll(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> None:
    end = time.monotonic() + GIVE_UP
    while not is_ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args!r} did not become ready (exit status {process.returncode})")
        time.sleep(_PAUSE)
