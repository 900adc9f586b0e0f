"""The facts of a shared server, in a file: written by the process that started it, read by the others."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from metricrig._core.private_directory import write_private
from metricrig._core.process_id import ProcessId

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """A server that runs, ran or could not be started. With its password: whoever reads it is its superuser."""

    fingerprint: str
    run: str
    """Which test run has started it."""
    process: ProcessId | None = None
    ports: dict[str, int]
    secret: str
    command: tuple[str, ...] = ()
    log_start: int = 0
    seconds: float = 0.0
    """How long its last start took."""
    started: int = 0
    """How often it has been started."""
    spent: float = 0.0
    """How long all its starts took."""
    failure: str = ""

    def write(self, path: Path) -> None:
        """Replace what was written before, in one step."""
        process = [self.process.pid, self.process.start] if self.process else None
        write_private(str(path), json.dumps({**asdict(self), "process": process}).encode())

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What is written there; None if nothing is."""
        with contextlib.suppress(FileNotFoundError):
            fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            process = ProcessId(*fields["process"]) if fields["process"] else None
            return cls(**{**fields, "command": tuple(fields["command"]), "process": process})
        return None
