"""An errand: the removal of what a rig has outside of this machine's processes and files, its containers.

It is data, and the command that follows from it is rendered here: a record on disk can have nothing else executed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

ERRAND_TIMEOUT_SECONDS = 60.0
"""Seconds that an errand may take."""
SSH = "METRICRIG_SSH"

_PROGRAM = "metricrig.runtimes.docker.removal"
_RIG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ENGINE = re.compile(r"(unix|tcp|ssh|http|https|npipe)://[^\s\x00-\x1f\x7f-\x9f]*")


@dataclass(frozen=True, slots=True)
class Errand:
    """Remove a rig's containers, networks and volumes from the engine at this address."""

    rig: str
    engine: str
    certificates: str = ""
    """A directory, for TLS."""

    def as_data(self) -> dict[str, str]:
        """For a message or a record."""
        return {"rig": self.rig, "engine": self.engine, "certificates": self.certificates}

    @classmethod
    def of_data(cls, data: Any, *, rig: str) -> Self:
        """The errand in a record of this rig; ``ValueError`` for anything that ``as_data`` does not write."""
        if not isinstance(data, dict):
            raise ValueError("its errand is a command, and none is executed because a record says so")  # noqa: TRY004
        engine, certificates = data.get("engine"), data.get("certificates")
        if data.get("rig") != rig or not _RIG.fullmatch(rig):
            raise ValueError("its errand is not of this rig")
        if not isinstance(engine, str) or not _ENGINE.fullmatch(engine):
            raise ValueError("its errand names no engine")
        if not isinstance(certificates, str) or "\0" in certificates:
            raise ValueError("the certificates of its errand are no directory")
        return cls(rig, engine, certificates)

    @property
    def words(self) -> list[str]:
        """The command."""
        # -P: nothing is imported from the working directory.
        return [sys.executable, "-P", "-m", _PROGRAM, self.rig, self.engine, self.certificates]


@dataclass(frozen=True, slots=True)
class Begun:
    """An errand that is running."""

    process: subprocess.Popen[bytes]
    said: BinaryIO

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid


def begin(errand: Errand, *, ssh: str | None = None) -> Begun:
    """Start it. How ssh is called is the caller's setting, and in no record."""
    import tempfile  # noqa: PLC0415 - half of the janitor's boot otherwise

    environment = {**os.environ, **({SSH: ssh} if ssh else {})}
    said: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the errand
    process = subprocess.Popen(
        errand.words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", env=environment
    )
    return Begun(process, said)


def end(begun: Begun) -> str | None:
    """Wait for it; says why, if it failed."""
    try:
        status = begun.process.wait(ERRAND_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        begun.process.kill()
        status = begun.process.wait()
    begun.said.seek(0)
    lines = begun.said.read().decode(errors="replace").strip().splitlines()
    begun.said.close()
    if not status:
        return None
    return lines[-1] if lines else f"the program that removes it ended with {status} and said nothing"
