"""The identity of a process: its pid together with the moment it started, because pids are used again.

Imports nothing but ``os``: the janitor starts with it, and dataclasses would double the time of that.
"""

from __future__ import annotations

import os

_START_TIME = 19  # counted from the state, which follows the last ")" of /proc/PID/stat; see proc(5)


class ProcessId:
    """A pid and its start time in clock ticks since boot: no two processes of one boot share both."""

    __slots__ = ("pid", "start")

    def __init__(self, pid: int, start: int) -> None:
        self.pid = pid
        self.start = start

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProcessId) and (self.pid, self.start) == (other.pid, other.start)

    def __hash__(self) -> int:
        return hash((self.pid, self.start))

    def __repr__(self) -> str:
        return f"ProcessId(pid={self.pid}, start={self.start})"

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The identity of a process, or None if there is none (a zombie still has one)."""
        fields = _stat(pid)
        return cls(pid, int(fields[_START_TIME])) if fields else None

    @property
    def alive(self) -> bool:
        """Whether exactly this process is still running; a zombie is not."""
        fields = _stat(self.pid)
        return bool(fields) and int(fields[_START_TIME]) == self.start and fields[0] not in {"Z", "X"}


STATES = {
    "R": "running",
    "S": "waiting",
    "D": "waiting for a disk",
    "T": "stopped by a signal",
    "t": "stopped by a debugger",
    "Z": "dead",
    "X": "gone",
}
"""The letters of ``state_of`` in words."""


def state_of(pid: int) -> str:
    """What the kernel says of a process, as a letter of proc(5); "X" if there is none."""
    fields = _stat(pid)
    return fields[0] if fields else "X"


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the state on; empty if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read().decode(errors="replace")
    except OSError:
        return _stat_elsewhere(pid)
    # The name in parentheses may itself hold spaces and parentheses.
    return text.rpartition(")")[2].split()


def _stat_elsewhere(pid: int) -> list[str]:
    """The same from psutil, on systems without ``/proc``."""
    if os.path.exists("/proc/self/stat"):
        return []
    import psutil  # noqa: PLC0415 - only where there is no /proc

    try:
        process = psutil.Process(pid)
        state = "Z" if process.status() == psutil.STATUS_ZOMBIE else "R"
        return [state, *["0"] * (_START_TIME - 1), str(int(process.create_time() * 100))]
    except psutil.Error:
        return []


def boot_id() -> str:
    """Which boot of which machine this is; start times mean nothing across boots."""
    return _first_line("/proc/sys/kernel/random/boot_id")


def pid_namespace() -> str:
    """Which set of pids this process sees: a container that shares our directories has its own."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.readline().strip()
    except OSError:
        return ""
