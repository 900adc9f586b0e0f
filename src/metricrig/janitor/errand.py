"""A command that removes what a rig has outside of this machine's processes and files, such as its containers."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Errand:
    """One that is under way."""

    process: subprocess.Popen[bytes]
    said: BinaryIO

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid


def begin(command: Sequence[str]) -> Errand:
    """Run it beside other things."""
    import tempfile  # noqa: PLC0415 - half of the janitor's boot otherwise

    said: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the errand
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/")
    return Errand(process, said)


def end(errand: Errand) -> str | None:
    """Wait for it; says why, if it failed."""
    try:
        status = errand.process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        errand.process.kill()
        status = errand.process.wait()
    errand.said.seek(0)
    lines = errand.said.read().decode(errors="replace").strip().splitlines()
    errand.said.close()
    return f"status {status}: {lines[-1] if lines else 'it said nothing'}" if status else None
