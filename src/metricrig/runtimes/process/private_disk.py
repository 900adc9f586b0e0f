"""A disk of its own for a service of an ordinary user: in a mount namespace that a process of ours holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig.janitor.child import JANITOR_REPLY_TIMEOUT, Order
from metricrig.runtimes.own_disk import no_disk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.janitor.client import Janitor

_PROGRAM = str(Path(__file__).with_name("disk_namespace.py"))


class PrivateDisk:
    """Seen by the processes that run on it, and by us through the one that holds it."""

    def __init__(self, inside: Path, size: int, holder: int) -> None:
        self.size = size
        self.directory = Path(f"/proc/{holder}/root{inside}")
        self._inside = inside
        self._holder = holder

    @classmethod
    def on(cls, inside: Path, size: int, janitor: Janitor, rig: str) -> PrivateDisk:
        """For this directory, held by a new process; one that another process of ours has started is found."""
        said = inside.with_name(f"{inside.name}.disk")
        found = _held(inside, said)
        return cls(inside, size, found or _start(inside, size, said, janitor, rig))

    def change(self, *, size: int, read_only: bool) -> None:
        """By a program that enters the namespace: this process, with its threads, may not."""
        words = [*program("change"), str(self._holder), str(self._inside), str(size), str(read_only)]
        done = subprocess.run(words, check=False, capture_output=True, text=True, cwd="/")
        if done.returncode == 1:
            raise OSError(done.stderr.strip())
        if done.returncode:
            raise OSError(done.returncode, os.strerror(done.returncode), str(self._inside))

    def command(self, argv: Sequence[str], cwd: Path) -> list[str]:
        """What runs a command there."""
        return [*program("run"), str(self._holder), str(cwd), *argv]


def program(what: str) -> list[str]:
    """The beginning of a command that does this with mounts."""
    return [sys.executable, "-I", "-S", _PROGRAM, what]


def _start(inside: Path, size: int, said: Path, janitor: Janitor, rig: str) -> int:
    """The pid of a new holder, when its disk is there. It ends with the rig."""
    said.unlink(missing_ok=True)
    holder = janitor.spawn(
        Order(
            rig=rig,
            name=said.name,
            argv=[*program("hold"), str(inside), str(size)],
            cwd=Path("/"),
            env=dict(os.environ),
            out=said,
            stop_signal=signal.SIGKILL,
            service=False,
        )
    )
    for pause in Deadline.after(JANITOR_REPLY_TIMEOUT).pauses():
        if (found := _held(inside, said)) is not None:
            return found
        if holder.exited.is_set():
            break
        time.sleep(pause)
    complaint = (said.read_text(errors="replace") if said.exists() else holder.refused or "").strip().splitlines()
    raise no_disk(inside.name, f"no namespace can be made for it: {complaint[-1] if complaint else holder.how}")


def _held(inside: Path, said: Path) -> int | None:
    """Who holds a disk for this directory, as he has said it, if he does so still."""
    try:
        holder = int(said.read_text(encoding="ascii"))
        seen = Path(f"/proc/{holder}/root{inside}").stat()
    except (OSError, ValueError):
        return None
    return holder if seen.st_dev != inside.stat().st_dev else None
