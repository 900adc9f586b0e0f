"""Looking into a container of an engine on this machine: its processes are in our table too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTEN = "0A"
_INIT = "docker-init"


def listens(pid: int, port: int) -> bool | None:
    """Whether anything listens on a port in the network of this process; None if we cannot see it."""
    tables = [Path(f"/proc/{pid}/net/{name}") for name in ("tcp", "tcp6")]
    try:
        lines = [line for table in tables if table.exists() for line in table.read_text("ascii").splitlines()[1:]]
    except OSError:
        return None
    return (port in _listening(lines)) if tables[0].exists() else None


def main_process(pid: int) -> int:
    """The program itself, where an init stands before it; 0 if it is gone."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return pid
    return int(children[0]) if name == _INIT and children else pid


def _listening(lines: list[str]) -> Iterator[int]:
    for line in lines:
        fields = line.split(maxsplit=4)
        if fields[3] == _LISTEN:
            yield int(fields[1].rpartition(":")[2], 16)
