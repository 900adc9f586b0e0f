"""Lines of several logs in the order of their times, which most servers write into them themselves."""

from __future__ import annotations

import heapq
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = r"(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?"
_ZONE = r"\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
_TIMES = (
    re.compile(rf"(?P<Y>\d{{4}})[-/](?P<m>\d\d)[-/](?P<d>\d\d)[T ]{_CLOCK}{_ZONE}"),  # most of them
    re.compile(rf"(?P<d>\d\d?)[ /](?P<m>[A-Z][a-z]{{2}})[ /](?P<Y>\d{{4}})[ :]{_CLOCK}{_ZONE}"),  # Redis, access logs
)
_LOOKED_AT = 160
"""Characters of a line in which its time is."""
_AHEAD = 60.0
"""Seconds that a time may be after now: later ones, and those of before the rig, are not the line's own."""
_LONGEST = 1 << 20
"""Bytes after which a line that does not end is shown as one."""
_BLOCK = 1 << 16
"""Bytes of a log that are read at once from its end."""
_HEAD = 100
"""Lines in which a log that tells times has told one."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a service has said. The time is ``own`` if the line tells it itself, or was seen to be written."""

    at: float
    own: bool
    rig: str
    service: str
    text: str


class OpenLog:
    """An open log of a service: what is written into it is read to the end, also once it has been removed."""

    def __init__(self, file: BinaryIO, *, rig: str, service: str, made: float, changed: float) -> None:
        self.rig = rig
        self.service = service
        self._file = file
        self._made = made
        self._changed = changed
        self._rest = b""

    def past(self, last: int | None = None) -> Iterator[Line]:
        """The lines that it has now, or the last ones. A line without a time gets that of the line before."""
        if last is not None:
            self._skip_to(last)
        texts = self._texts(until=self._size())
        head = list(islice(texts, _HEAD))
        first = next((at for at in map(self.time_in, head) if at is not None), None)
        known = self._changed if first is None else first
        for text in chain(head, texts):
            own = self.time_in(text)
            known = max(known, own) if own is not None else known
            yield Line(known, own is not None, self.rig, self.service, text)

    def new(self) -> list[Line]:
        """The lines that were written since the last look."""
        now = time.time()
        texts = self._texts(until=self._size())
        return [
            Line(self.time_in(text) or now, own=True, rig=self.rig, service=self.service, text=text) for text in texts
        ]

    def rest(self) -> list[Line]:
        """A last line that was not ended."""
        text, self._rest = self._rest, b""
        line = Line(time.time(), own=False, rig=self.rig, service=self.service, text=_decoded(text))
        return [line] if text else []

    def time_in(self, text: str) -> float | None:
        """The time that a line tells, if it can be its own."""
        at = time_in(text)
        return at if at is not None and self._made - 1 <= at <= time.time() + _AHEAD else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _skip_to(self, last: int) -> None:
        """Begin so many lines before the end; reads no more than these."""
        at, ends = self._size(), 0
        while last and at > 0:
            step = min(at, _BLOCK)
            at -= step
            self._file.seek(at)
            block = self._file.read(step)
            for place in _ends_of_lines(block):
                # The last line's own end does not divide it from another.
                ends += at + place + 1 < self._size()
                if ends == last:
                    self._file.seek(at + place + 1)
                    return
        self._file.seek(0 if last else self._size())

    def _texts(self, until: int) -> Iterator[str]:
        """Whole lines, up to where the file ended at first: some servers write faster than they can be read."""
        while self._file.tell() < until and (block := self._file.readline(_LONGEST)):
            self._rest += block
            if block.endswith(b"\n") or len(self._rest) >= _LONGEST:
                text, self._rest = self._rest, b""
                yield _decoded(text)


def time_in(text: str) -> float | None:
    """The time at the begin of a line, in seconds since 1970; without a zone it is this machine's."""
    for pattern in _TIMES:
        if found := pattern.search(text[:_LOOKED_AT]):
            return _seconds(found)
    return None


def merged(logs: Iterable[Iterable[Line]]) -> Iterator[Line]:
    """All of their lines, the earliest first."""
    return heapq.merge(*logs, key=lambda line: line.at)


def _seconds(found: re.Match[str]) -> float | None:
    month = found["m"]
    if not month.isdecimal() and month not in _MONTHS:
        return None
    number = int(month) if month.isdecimal() else _MONTHS.index(month) + 1
    fraction = f"{found['f'] or '0':0<6}"[:6]
    date = f"{found['Y']}-{number:02}-{int(found['d']):02}T{found['H']}:{found['M']}:{found['S']}.{fraction}"
    try:
        moment = datetime.fromisoformat(date + _offset(found["zone"]))
    except ValueError:
        return None
    return moment.timestamp()


def _offset(zone: str | None) -> str:
    return "+00:00" if zone in {"Z", "UTC", "GMT"} else zone or ""


def shown_time(line: Line, *, whole: bool = False) -> str:
    """A clock of this machine for people, ``~`` before one that is a guess; the whole in UTC for programs."""
    if whole:
        return datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds")
    clock = datetime.fromtimestamp(line.at).astimezone().strftime("%H:%M:%S.%f")[:-3]
    return f"{' ' if line.own else '~'}{clock}"


def _decoded(text: bytes) -> str:
    return text.decode(errors="replace").rstrip("\r\n")


def _ends_of_lines(block: bytes) -> Iterator[int]:
    """Where they are, the last one first."""
    place = block.rfind(b"\n")
    while place >= 0:
        yield place
        place = block.rfind(b"\n", 0, place)
