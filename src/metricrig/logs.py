"""The log of a service: a file that it writes to itself, so that nobody has to read a pipe."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig._core.deadlines import Deadline

CHUNK = 1 << 20
"""Bytes that are read and searched at once."""
_OVERLAP = 1 << 16
"""Bytes of a line of more than a chunk that are searched twice: a match may lie on the border."""
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

    def search(self, pattern: str, since: int = 0, *, until: Deadline | None = None) -> re.Match[str] | None:
        """The first match after a mark. Asking again and again reads only what is new, from whole lines on.

        With a deadline, what has been read by then is all that was searched: ``searched`` says how far that was, and
        the next search goes on from there.
        """
        expression = re.compile(pattern, re.MULTILINE)
        while True:
            offset = self.searched(pattern, since)
            block = self._block(offset)
            full = len(block) == CHUNK
            # An unfinished last line is read again when more of it is there, unless it never seems to end: then its
            # parts are searched, each with the end of the one before.
            lines = block.rfind(b"\n") + 1
            match = self._match(expression, block[:lines] if full and lines else block, offset, since)
            if match is not None:
                return match
            self._searches[pattern, since] = offset + (lines or (CHUNK - _OVERLAP if full else 0))
            if not full or (until is not None and until.expired):
                return None

    def searched(self, pattern: str, since: int = 0) -> int:
        """Up to where a pattern has been looked for, and was not found."""
        return self._searches.get((pattern, since), since)

    def _match(self, expression: re.Pattern[str], block: bytes, offset: int, since: int) -> re.Match[str] | None:
        """A part of a line does not begin with the line: what stands before it is there, and is not searched."""
        before = self._before(offset) if offset > since else b"\n"
        if before == b"\n":
            return expression.search(block.decode(errors="replace"))
        return expression.search("?" + block.decode(errors="replace"), 1)

    def _before(self, offset: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset - 1)
            return file.read(1)

    def _block(self, offset: int) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(offset, os.SEEK_SET)
                return file.read(CHUNK)
        except FileNotFoundError:
            return b""
