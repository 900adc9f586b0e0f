"""A service's output: a file that the service writes to itself, so nothing has to be drained."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20
_TAIL_BYTES = 64 * 1024


class LogFile:
    """Reads what has been written so far; positions ("marks") are offsets in bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._searches: dict[tuple[str, int], int] = {}

    def mark(self) -> int:
        """Where the log ends now: whatever is written later comes after."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def text(self, since: int = 0) -> str:
        """Everything since a mark."""
        try:
            with self.path.open("rb") as file:
                file.seek(since)
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def tail(self, lines: int = 20, since: int = 0) -> str:
        """The last lines; reads the end of the file only, however long it is."""
        end = self.mark()
        text = self.text(max(since, end - _TAIL_BYTES))
        kept = text.splitlines()[-lines:]
        return "\n".join(kept)

    def search(self, pattern: str, since: int = 0) -> re.Match[str] | None:
        """The first match after a mark. Asking again and again reads only what is new, from whole lines on."""
        expression = re.compile(pattern, re.MULTILINE)
        offset = self._searches.get((pattern, since), since)
        while True:
            block = self._block(offset)
            match = expression.search(block.decode(errors="replace"))
            if match is not None:
                return match
            full = len(block) == _CHUNK
            # An unfinished last line is read again when more of it is there, unless it never seems to end.
            offset += block.rfind(b"\n") + 1 or (len(block) if full else 0)
            self._searches[pattern, since] = offset
            if not full:
                return None

    def _block(self, offset: int) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(offset, os.SEEK_SET)
                return file.read(_CHUNK)
        except FileNotFoundError:
            return b""
