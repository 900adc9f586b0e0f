"""The resources that a service uses: its own process and everything below it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Resources:
    """A reading of a whole process tree."""

    cpu_seconds: float
    rss: int
    """Bytes of memory now."""
    rss_peak: int
    """The sum of each living process's own peak: at least what the tree had at its worst moment."""
    fds: int
    threads: int
    processes: int


def of_tree(pid: int) -> Resources:
    """Read the process and everything below it; processes that end meanwhile are not counted."""
    import psutil  # noqa: PLC0415 - 15 ms, and only this needs it

    root = psutil.Process(pid)
    readings = []
    for process in [root, *root.children(recursive=True)]:
        try:
            with process.oneshot():
                times = process.cpu_times()
                readings.append(
                    (
                        times.user + times.system + times.children_user + times.children_system,
                        process.memory_info().rss,
                        _peak(process.pid),
                        process.num_fds(),
                        process.num_threads(),
                    )
                )
        except psutil.Error:
            continue
    cpu, rss, peak, fds, threads = (sum(column) for column in zip(*readings, strict=True))
    return Resources(cpu, rss, max(peak, rss), fds, threads, len(readings))


def _peak(pid: int) -> int:
    """The high-water mark of a process's memory, which psutil does not read; 0 where the system has none."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    match = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) << 10 if match else 0
