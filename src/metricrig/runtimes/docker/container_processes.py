"""Looking into a container of an engine on this machine: its processes are in our table too."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTEN = "0A"
_INITS = {"docker-init", "podman-init", "catatonit"}


def listens(pid: int, port: int) -> bool:
    """Whether anything listens on a port in the network of this process; nothing does if it is gone."""
    lines: list[str] = []
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            lines += Path(f"/proc/{pid}/net/{name}").read_text("ascii").splitlines()[1:]
    return port in _listening(lines)


def main_process(pid: int) -> int:
    """The program itself, where an init stands before it."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return pid
    return int(children[0]) if name in _INITS and children else pid


def _listening(lines: list[str]) -> Iterator[int]:
    for line in lines:
        fields = line.split(maxsplit=4)
        if fields[3] == _LISTEN:
            yield int(fields[1].rpartition(":")[2], 16)
