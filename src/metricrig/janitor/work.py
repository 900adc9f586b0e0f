"""Work: programs that run to their end in a directory of their own. All of it ends with the process that began it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig._core.private_directory import PrivateDirectory
from metricrig._core.process_id import ProcessId
from metricrig.janitor import found_rigs, process_tree, rig_directory, rig_record
from metricrig.janitor.child import Order
from metricrig.janitor.client import janitor
from metricrig.janitor.errors import JanitorLost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from metricrig.janitor.child import Child
    from metricrig.janitor.client import Janitor

STIRRING = 0.5
"""Seconds of processor time that count as doing something: a program that hangs wakes up now and then too."""


LAST_STEPS = 10.0
"""Seconds that a janitor is given to remove what its dead owner has left."""


class Work:
    """A directory, and the programs that run for it one after the other."""

    def __init__(self, ours: Janitor, directory: Path) -> None:
        self.directory = directory
        self._janitor = ours
        self._numbers = itertools.count(1)

    @contextlib.contextmanager
    def running(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Iterator[Job]:
        """Run a program for the length of a block; at its end nothing of it runs any more."""
        number = next(self._numbers)
        out, err = (self.directory / f"{number}.{stream}" for stream in ("out", "err"))
        order = Order(
            rig=self.directory.name,
            name=Path(argv[0]).name,
            argv=argv,
            cwd=cwd,
            env=env,
            out=out,
            err=err,
            stop_signal=signal.SIGKILL,  # a half-made download is worth nothing
        )
        child = self._janitor.spawn(order)
        try:
            yield Job(child, out, err)
        finally:
            with contextlib.suppress(JanitorLost):  # whoever removes the directory ends what is left
                child.collect()


class Job:
    """A running program, and the signs that it makes progress."""

    def __init__(self, child: Child, out: Path, err: Path) -> None:
        self._child = child
        self._out, self._err = out, err
        self._said = 0
        self._ticks = 0.0
        self._stirred = time.monotonic()

    @property
    def status(self) -> int | None:
        """How it ended, negative for a signal; None if its end is not known."""
        return self._child.status

    @property
    def refused(self) -> str | None:
        """Why it could not be executed."""
        return self._child.refused

    @property
    def out(self) -> str:
        """What it has written to standard output."""
        return _text(self._out)

    @property
    def err(self) -> str:
        """What it has written to standard error."""
        return _text(self._err)

    def ended(self, within: float) -> bool:
        """Wait so long for its end."""
        return self._child.exited.wait(within)

    def interrupt(self) -> None:
        """Have it end by itself, as Ctrl-C does."""
        self._child.signal(signal.SIGINT)

    def idle(self) -> float:
        """For how many seconds it has neither written anything nor used the processor."""
        said, ticks = _size(self._out) + _size(self._err), process_tree.cpu_seconds(self._child.pid)
        if said != self._said or abs(ticks - self._ticks) >= STIRRING:
            self._said, self._ticks, self._stirred = said, ticks, time.monotonic()
        return time.monotonic() - self._stirred


@contextlib.contextmanager
def work(directory: Path) -> Iterator[Work]:
    """Open a directory for the length of a block. Whatever ends this process, its programs and it are gone then too."""
    ours = janitor()
    first = rig_record.blank(directory.name, owner=ProcessId.of(os.getpid()), janitor=ProcessId.of(ours.pid))
    with ours.opening_rig(directory.name, directory, first), PrivateDirectory.make(str(directory)) as made:
        made.write(rig_record.FILE, rig_record.text(first))
    try:
        yield Work(ours, directory)
    finally:
        _close(ours, directory)


def end_others(directory: Path) -> None:
    """Return when nothing is left of the work that others, who have died, began in this directory and its like.

    ``directory`` ends in a star. Their janitors are at it, or we do it ourselves.
    """
    for pattern in (directory.name, f".{rig_directory.REMOVING}-*-{directory.name}"):
        for left in directory.parent.glob(pattern):
            _end(left)


def reap_abandoned(parent: Path) -> None:
    """Remove what is left of any work in this directory that nobody is at any more: its owner and his janitor are dead.

    It is not ours, so that it cannot be removed is no reason to give up what is.
    """
    for left in parent.glob(".*-*"):
        with contextlib.suppress(OSError):
            if left.is_dir() and found_rigs.read(left).state in found_rigs.REAPABLE:
                _reap(left)


def _end(directory: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        for pause in Deadline.after(LAST_STEPS).pauses():
            if not _being_removed(found_rigs.read(directory)):
                break
            time.sleep(pause)
        _reap(directory)


def _being_removed(found: found_rigs.FoundRig) -> bool:
    """Whether a janitor is at it; one that has not come to writing the record may be."""
    return found.state == found_rigs.CLEANING or (found.state == found_rigs.LIVE and found.owner is None)


def _close(ours: Janitor, directory: Path) -> None:
    try:
        why = ours.close_rig(directory.name, keep=False)
    except JanitorLost:
        with contextlib.suppress(FileNotFoundError):
            _reap(directory)
        return
    if why is not None:
        raise OSError(f"{directory} could not be removed: {why}")


def _reap(directory: Path) -> None:
    why = found_rigs.reap(found_rigs.read(directory)).failure
    if why is not None:
        raise OSError(f"{directory} could not be removed: {why}")


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace")
    return ""


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
