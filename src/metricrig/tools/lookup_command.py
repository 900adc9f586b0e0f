"""Looking something up with other programs: short, captured, bounded. What fetches or builds has a ``Workplace``."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. ``cut`` says why it had to be killed, and then ``code`` means nothing."""

    code: int
    stdout: str
    stderr: str
    cut: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and with success."""
        return self.code == 0 and not self.cut

    @property
    def complaint(self) -> str:
        """What a person would quote: its last line that says error, and the very last one where that goes on."""
        said = (line.strip() for line in f"{self.stdout}\n{self.stderr}".splitlines())
        lines = [line for line in said if line and not line.startswith("go: downloading")]
        errors = [line for line in lines if line.startswith(("E:", "ERROR", "error:", "go: "))]
        if self.cut:
            return self.cut + (f"; last it said: {lines[-1]}" if lines else "")
        if not lines:
            return f"exit code {self.code} and not a word"
        return " ... ".join(dict.fromkeys([*errors[-1:], lines[-1]]))


class Run(Protocol):
    """Runs a program to its end: the function below, or a workplace's."""

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        within: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run it; ``env`` is added to this process's environment."""


def words_of(command: Sequence[str | Path]) -> list[str]:
    """A command as the system takes it."""
    return [str(part) for part in command]


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
        words_of(command),
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    cut = ""
    with process:
        try:
            stdout, stderr = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            cut = f"it did not end within {within:g} s"
            _kill_group(process.pid)
            stdout, stderr = process.communicate()
        except BaseException:
            _kill_group(process.pid)
            raise
    return Outcome(process.returncode, stdout, stderr, cut)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
