"""Running other programs to their end: captured, bounded, and with everything they started."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. ``timed_out`` if it had to be killed, and then ``code`` means nothing."""

    code: int
    stdout: str
    stderr: str
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and with success."""
        return self.code == 0 and not self.timed_out

    @property
    def complaint(self) -> str:
        """What a person would quote: its last line that says error, and the very last one where that goes on."""
        said = (line.strip() for line in f"{self.stdout}\n{self.stderr}".splitlines())
        lines = [line for line in said if line and not line.startswith("go: downloading")]
        errors = [line for line in lines if line.startswith(("E:", "ERROR", "error:", "go: "))]
        if self.timed_out:
            return "it did not end in time" + (f"; last it said: {lines[-1]}" if lines else "")
        if not lines:
            return f"exit code {self.code} and not a word"
        return " ... ".join(dict.fromkeys([*errors[-1:], lines[-1]]))


def run(
    command: Sequence[str | Path],
    *,
    within: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Outcome:
    """Run it in its own process group, so that a timeout or Ctrl-C leaves none of its children behind.

    ``env`` is added to this process's environment. Programs answer in English: their words are read here.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    timed_out = False
    with process:
        try:
            stdout, stderr = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            timed_out = True
            _kill_group(process.pid)
            stdout, stderr = process.communicate()
        except BaseException:
            _kill_group(process.pid)
            raise
    return Outcome(process.returncode, stdout, stderr, timed_out)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
