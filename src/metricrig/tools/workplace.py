"""A workplace: the directory in which a tool is fetched or built, and the programs that do so, run by the janitor."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import factor
from metricrig._core.events import FetchProgressed, everything
from metricrig.tools.lookup_command import Outcome, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from metricrig.janitor.work import Job, Work

STUCK_AFTER = 300.0
"""Seconds without output and without work after which a fetch or build is given up; there is no limit besides."""
LOOK_EVERY = 0.25
TELL_EVERY = 1.0


class Workplace:
    """``directory`` is gone at the end of the work, however that comes."""

    def __init__(self, work: Work, tool: str, source: str) -> None:
        self.directory = work.directory
        self._work = work
        self._tool, self._source = tool, source
        self._began = time.monotonic()

    def run(
        self,
        command: Sequence[str | Path],
        *,
        within: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run a short program to its end, as ``commands.run`` does."""
        end = time.monotonic() + within * factor()
        with self._work.running(words_of(command), cwd=cwd or self.directory, env=_environment(env)) as job:
            while not job.ended(min(LOOK_EVERY, max(end - time.monotonic(), 0.0))):
                if time.monotonic() >= end:
                    return _outcome(job, cut=f"it did not end within {within:g} s")
            return _outcome(job)

    def fetch(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        growing: Path | None = None,
        saying: Callable[[str], str] = str,
    ) -> Outcome:
        """Run a program as long as it makes progress, and report that.

        ``growing`` is where the bytes arrive that are counted; ``saying`` makes its last line one for people.
        """
        told = 0.0
        with self._work.running(words_of(command), cwd=cwd or self.directory, env=_environment(env)) as job:
            while not job.ended(LOOK_EVERY):
                if job.idle() > STUCK_AFTER * factor():
                    return _outcome(job, cut=f"it said and did nothing for {STUCK_AFTER:g} s")
                if time.monotonic() - told >= TELL_EVERY:
                    told = time.monotonic()
                    self._tell(saying(_last_line(job)), growing)
            return _outcome(job)

    def _tell(self, what: str, growing: Path | None) -> None:
        everything.emit(
            FetchProgressed(
                tool=self._tool,
                source=self._source,
                what=what,
                done=None if growing is None else _bytes_below(growing),
                seconds=time.monotonic() - self._began,
            )
        )


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """Programs answer in English: their words are read here."""
    return {**os.environ, "LC_ALL": "C", **(more or {})}


def _outcome(job: Job, *, cut: str = "") -> Outcome:
    if job.refused is not None:
        return Outcome(127, "", job.refused)
    return Outcome(job.status or 0, job.out, job.err, cut or ("" if job.status is not None else "its end is not known"))


def _last_line(job: Job) -> str:
    lines = f"{job.out[-4096:]}\n{job.err[-4096:]}".split("\n")[:-1]
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _bytes_below(directory: Path) -> int:
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - many files, often
            except OSError:
                continue
    return total
