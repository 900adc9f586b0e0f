"""An engine on another machine, as far as one kernel can play two: processes, mounts and a network of its own.

It is behind ssh and behind TLS. Its network is joined to ours by a cable of two virtual interfaces.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from container_engine import box_of

from support import certificates, engine, sshd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from container_engine import Place

    from support.sshd import Sshd

_IMAGES = ("metricrig-tests/programs", "redis", "postgres")


@dataclass(frozen=True, slots=True)
class Far:
    """``socket`` is for the tests: it is on a disk that both machines have."""

    socket: str
    box: int
    address: str
    tls: Path
    sshd: Sshd

    @property
    def ssh_url(self) -> str:
        """How one gets there by ssh."""
        return f"ssh://{self.sshd.address}{self.socket.removeprefix('unix://')}"

    @property
    def tcp_url(self) -> str:
        """And by TLS."""
        return f"tcp://{self.address}:{certificates.PORT}"


@contextlib.contextmanager
def engine_in(root: Path) -> Iterator[Place]:
    """The engine alone, with its images."""
    root.mkdir(parents=True, exist_ok=True)
    tls = root / "tls"
    if not tls.exists():
        made = certificates.make(root / f"tls-{os.getpid()}", [_ends(root)[1]])
        with contextlib.suppress(OSError):  # somebody else was first
            made.rename(tls)
    words = ["-H", f"tcp://0.0.0.0:{certificates.PORT}", *certificates.of_server(tls)]
    with engine.running_far(root, words, _IMAGES) as place:
        yield place


@contextlib.contextmanager
def running(root: Path, own: Path) -> Iterator[Far]:
    """``root`` is of all processes that use it, ``own`` of this one."""
    with engine_in(root) as place:
        box, (here, there) = box_of(place), _ends(root)
        _join(box, f"mrig{root.stat().st_ino % 1_000_000}", here, there)
        with sshd.running(own / "sshd", box) as server:
            yield Far(place.url, box, there, root / "tls", server)


def _ends(root: Path) -> tuple[str, str]:
    """The addresses at both ends of the cable."""
    number = root.stat().st_ino
    here, there = (f"10.{200 + number % 50}.{number // 50 % 250}.{end}" for end in (1, 2))
    return here, there


def _join(box: int, name: str, here: str, there: str) -> None:
    """The cable goes with the machine at its other end."""
    inside = ["nsenter", "-t", str(box), "-n"]
    steps = [
        ["ip", "link", "add", name, "type", "veth", "peer", "name", "cable", "netns", str(box)],
        ["ip", "addr", "replace", f"{here}/30", "dev", name],
        ["ip", "link", "set", name, "up"],
        [*inside, "ip", "addr", "replace", f"{there}/30", "dev", "cable"],
        [*inside, "ip", "link", "set", "cable", "up"],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "File exists" in done.stderr, (step, done.stderr)
