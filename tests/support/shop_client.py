"""A shop in a process of its own, as tests that load it see it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Shop:
    """Its address, and what it has seen."""

    url: str
    process: subprocess.Popen[str]

    def seen(self) -> tuple[int, int, str]:
        """How many connections and how many requests, and the last of these."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        connections, *last, requests = self.process.stdout.readline().split()
        return int(connections), int(requests), " ".join(last)


@contextmanager
def open_shop() -> Iterator[Shop]:
    """A fresh one."""
    command = [sys.executable, str(Path(__file__).with_name("shop_server.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Shop(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
        finally:
            process.kill()
