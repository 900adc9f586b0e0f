"""Real pytest sessions, in a directory and with a root for rigs of their own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig.janitor.process_tree import MARK, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS, XDIST = "metricrig.pytest_plugin", "xdist.plugin"


@dataclass(frozen=True)
class Outcome:
    """What a session said."""

    status: int
    text: str

    @property
    def counts(self) -> dict[str, int]:
        """``{"passed": 3, "failed": 1}``, from the last line that is pytest's own: ours may come after it."""
        last = [line for line in self.text.splitlines() if re.search(r" in \d+\.\d+s", line)][-1]
        return {what: int(number) for number, what in re.findall(r"(\d+) ([a-z]+)", last)}


@contextlib.contextmanager
def project_in(directory: Path) -> Iterator[Project]:
    """A project there, whose rigs are in a place that a server can get to which does not run as root."""
    root = Path(tempfile.mkdtemp(prefix="metricrig-tests-"))
    root.chmod(0o711)
    try:
        yield Project(directory, root)
    finally:
        shutil.rmtree(root)


@dataclass(frozen=True)
class Project:
    """A directory with tests in it."""

    path: Path
    root: Path
    """Where its rigs are."""

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", *plugins(XDIST), "--rootdir", str(self.path), *words],
            cwd=self.path,
            env={**environment(), "METRICRIG_DATA": str(self.root), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **env: str) -> Outcome:
        with self.start(*words, **env) as process:
            try:
                text, _ = process.communicate(timeout=200)
            except subprocess.TimeoutExpired:
                process.kill()
                text = f"still running after 200 s: {process.communicate()[0]}"
        return Outcome(process.returncode, text)

    def metricrig(self, *words: str) -> str:
        """The command, with an eye on these rigs alone."""
        done = subprocess.run(
            [sys.executable, "-m", "metricrig", *words],
            env={**environment(), "METRICRIG_DATA": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def left(self) -> list[str]:
        """Directories of rigs, and processes that are marked as theirs."""
        directories = list(self.root.glob("metricrig-*/*"))
        names = {each.name for each in directories}
        marks = {pid: mark_of(pid).partition("/")[0] for pid in _pids()}
        return [str(each) for each in directories] + [f"{pid} {mark}" for pid, mark in marks.items() if mark in names]


def plugins(*further: str) -> list[str]:
    """The words that load these plugins and ours: what else is installed here is not what is looked at."""
    return ["-p", "no:cacheprovider", *(word for each in (OURS, *further) for word in ("-p", each))]


def environment() -> dict[str, str]:
    """Ours, without what would make another session believe that it is part of this one."""
    foreign = ("PYTEST_", "METRICRIG_", "COV_", MARK, "GITHUB_", "CI")
    kept = {n: value for n, value in os.environ.items() if not n.startswith(foreign) or n == "METRICRIG_CACHE"}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _pids() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
