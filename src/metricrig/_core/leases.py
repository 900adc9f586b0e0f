"""Locks between processes, on files: the kernel releases them when their owner dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class Lease:
    """A locked file: nobody else on this machine has it until it is released, or its owner has died."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._owner = os.getpid()

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Lock a file, made if need be; None if somebody has it: another process, or another lease of this one.

        Its directory is not made: one that has been removed with all that was in it must not come back.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.pwrite(descriptor, b"%-10d" % os.getpid(), 0)
        return cls(path, descriptor)

    @classmethod
    def wait(cls, path: Path, *, within: float) -> Self:
        """Lock a file as soon as whoever has it lets it go."""
        deadline = Deadline.after(within)
        for pause in deadline.pauses():
            if lease := cls.take(path):
                return lease
            time.sleep(pause)
        raise DeadlineExceeded(
            str(path), wanted="the lock on it", seen=f"process {holder(path)} has it", within=deadline.within
        )

    def release(self) -> None:
        """Let others have it. Twice is fine; in a forked child it only forgets what is the parent's."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if os.getpid() == self._owner:
            # Said, because a forked child may have the file open too, which would keep it locked.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(path: Path) -> str:
    """The pid of the process that locked a file last."""
    return path.read_text(encoding="ascii").strip()


class Numbers:
    """Numbers that no other process has. One that is given back stays with this process, for its next taker."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name
        self._leases: dict[int, Lease] = {}
        self._idle: list[int] = []
        self._lock = threading.Lock()

    def take(self, below: int) -> int | None:
        """A number from 1 on; None if all of them, up to ``below``, are taken."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            for number in range(1, below):
                if number not in self._leases and (
                    lease := Lease.take(self._directory / f"{self._name}-{number}.lock")
                ):
                    self._leases[number] = lease
                    return number
        return None

    def give_back(self, number: int) -> None:
        """Nobody uses it at the moment."""
        with self._lock:
            if number in self._leases:  # not released since
                self._idle.append(number)

    def release(self) -> None:
        """Let other processes have them all."""
        with self._lock:
            for lease in self._leases.values():
                lease.release()
            self._leases.clear()
            self._idle.clear()


class PerProcess(Generic[T]):
    """Something that a forked child makes anew, because threads, connections and leases are its parent's.

    What was inherited is kept and never touched: closing it is the parent's affair. ``make`` must do no more than
    make an object: two threads may call it at once, and one of the results is thrown away.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}

    def get(self) -> T:
        """This process's own."""
        own = os.getpid()
        return self._made.get(own) or self._made.setdefault(own, self._make())

    def forget(self) -> T | None:
        """This process's own, if there is one, for the last time: the next ``get`` makes another."""
        return self._made.pop(os.getpid(), None)
