"""Small suites of tests, run by a real pytest in a process of its own, and what came of them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from support.sessions import environment, plugins

if TYPE_CHECKING:
    from collections.abc import Mapping

_TESTS = Path(__file__).parent.parent
_PATIENCE = 200.0
AT_ONCE = 25.0
"""Seconds; whatever a death has to interrupt would go on for 30 at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Files by their name without ``.py``, options, settings of the ini file and of the environment."""

    files: Mapping[str, str]
    words: tuple[str, ...] = ()
    ini: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    """Besides ours."""

    def write(self, directory: Path) -> None:
        """Put the files where pytest finds them. Warnings are errors there too."""
        ini = f"[pytest]\nfilterwarnings = error\n{textwrap.dedent(self.ini)}\n"
        (directory / "pytest.ini").write_text(ini, encoding="utf-8")
        for name, text in self.files.items():
            (directory / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")

    def command(self) -> list[str]:
        """How it is run."""
        return [sys.executable, "-m", "pytest", *plugins("support.recorder", *self.plugins), *self.words]

    def environment(self, directory: Path) -> dict[str, str]:
        """The environment of this process without the settings that are its own."""
        ours = {"PYTHONPATH": str(_TESTS), "RECORD": str(directory / "record"), "COLUMNS": "160"}
        return {**environment(), **ours, **self.env}

    def run(self, directory: Path) -> Ran:
        """Run it to its end."""
        self.write(directory)
        began = time.monotonic()
        done = subprocess.run(
            self.command(),
            cwd=directory,
            env=self.environment(directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Ran(done.returncode, done.stdout, time.monotonic() - began, str(directory), recorded(directory))


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run. Plain data: workers hand it to each other."""

    status: int
    out: str
    took: float
    directory: str
    reports: list[dict[str, Any]]

    def outcomes(self) -> dict[str, str]:
        """The outcome of each test: a failure outside of the test itself is an error."""
        found: dict[str, str] = {}
        for each in self.reports:
            outcome = each["outcome"] if each["when"] == "call" or each["outcome"] != "failed" else "error"
            if each["test"] not in found or outcome != "passed":
                found[each["test"]] = outcome
        return found

    def why(self, test: str) -> str:
        """Why it has failed, or was skipped."""
        return "\n".join(each["why"] for each in self._of(test) if each["why"])

    def seconds(self, test: str, when: str = "call") -> float:
        """How long its call took, or its set-up."""
        return float(sum(each["seconds"] for each in self._of(test) if each["when"] == when))

    def sections(self, test: str) -> dict[str, str]:
        """What its report has of each server."""
        ours = [each for report in self._of(test) for each in report["sections"] if each[0].startswith("metricrig: ")]
        return {title.removeprefix("metricrig: "): text for title, text in ours}

    def summary(self) -> list[str]:
        """The line of the end, and those that belong to it."""
        lines = self.out.splitlines()
        start = next((number for number, line in enumerate(lines) if line.startswith("metricrig: ")), len(lines))
        return [line for line in lines[start:] if line.startswith(("metricrig: ", "  "))]

    def _of(self, test: str) -> list[dict[str, Any]]:
        found = [each for each in self.reports if each["test"] == test]
        assert found, f"{test} did not run:\n{self.out}"
        return found


class Runs:
    """Runs suites below a directory that all workers share: each once, whoever is the first to ask for it."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def __call__(self, *words: str, ini: str = "", env: Mapping[str, str] | None = None, **files: str) -> Ran:
        """Run these files, with these options and settings."""
        return self.suite(Suite(files=files, words=words, ini=ini, env=env or {}))

    def suite(self, suite: Suite) -> Ran:
        """Run this suite."""
        digest = hashlib.sha256(json.dumps(asdict(suite)).encode()).hexdigest()[:12]
        directory, result = self._base / f"suite-{digest}", self._base / f"suite-{digest}.json"
        with FileLock(f"{directory}.lock"):
            if not result.exists():
                directory.mkdir()
                result.write_text(json.dumps(asdict(suite.run(directory))), encoding="utf-8")
        return Ran(**json.loads(result.read_text(encoding="utf-8")))


def recorded(directory: Path) -> list[dict[str, Any]]:
    """The reports of a session, as far as it has come."""
    record = directory / "record"
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.exists() else []
