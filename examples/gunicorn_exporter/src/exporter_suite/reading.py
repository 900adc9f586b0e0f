"""How the exporter understands a YAML file, without a server around it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from exporter_suite.configuration import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter_suite.configuration import Document

_PROGRAM = Path(__file__).with_name("reader_process.py")


@dataclass(frozen=True, slots=True)
class Understood:
    """What became of a YAML file."""

    error: str | None
    """The exception by its name, and what it says."""
    values: dict[str, Any]
    """All settings, by the names that the exporter has for them, or why one cannot be told; none after an error."""
    environ: dict[str, str]
    """The environment afterwards."""
    importing: str
    """What was logged before the file was read."""
    log: str
    """What was logged then."""


class Reader:
    """Has the real exporter read YAML files, each in a process of its own that has no environment but what is given."""

    def __init__(self, home: Path, questions: IO[str], answers: IO[str]) -> None:
        self.home = home
        self._questions = questions
        self._answers = answers

    def load(self, content: Document | str | bytes | Path, environ: Mapping[str, str] | None = None) -> Understood:
        """``load_yaml_config(path)``."""
        return self._ask("load", content, environ)

    def start(self, content: Document | str, environ: Mapping[str, str] | None = None) -> Understood:
        """The same, and then ``initialize_config()``, as Gunicorn's hooks do: it has a look at the values."""
        return self._ask("start", content, environ)

    def initialize(
        self, content: Document | str, environ: Mapping[str, str] | None = None, **overrides: str
    ) -> Understood:
        """``initialize_config(config_file=path, **overrides)``."""
        return self._ask("initialize", content, environ, overrides)

    def _ask(
        self,
        call: str,
        content: Document | str | bytes | Path,
        environ: Mapping[str, str] | None,
        overrides: Mapping[str, str] | None = None,
    ) -> Understood:
        question = {
            "call": call,
            "path": str(self._file(content)),
            "environ": dict(environ or {}),
            "overrides": dict(overrides or {}),
        }
        print(json.dumps(question), file=self._questions, flush=True)
        line = self._answers.readline()
        answer = json.loads(line) if line else {"failed": "the reader is gone"}
        if "failed" in answer:
            raise ChildProcessError(f"no answer to {question}: {answer['failed']}; standard error says why")
        return Understood(**answer)

    def _file(self, content: Document | str | bytes | Path) -> Path:
        if isinstance(content, Path):
            return content
        path = self.home / "exporter.yml"
        path.write_bytes(content if isinstance(content, bytes) else as_text(content).encode())
        return path


@contextlib.contextmanager
def reader(home: Path) -> Iterator[Reader]:
    """A reader, whose files and whose home are in this directory. It ends with this process at the latest."""
    command = [sys.executable, "-I", "-W", "ignore", str(_PROGRAM)]
    with subprocess.Popen(
        command, env={"HOME": str(home)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Reader(home, process.stdin, process.stdout)
        process.stdin.close()
