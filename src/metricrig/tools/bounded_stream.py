"""A stream with a limit on how much can be read from it, for archives that would never end."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from metricrig.tools.archive_members import BadArchive

if TYPE_CHECKING:
    from gzip import GzipFile

_PASSES = 4
"""How often it may be read: headers, then contents, and each time a little twice. A header that leads the reader
backwards, for ever, ends here too."""


class BoundedStream(io.RawIOBase):
    """Reads another stream, up to position ``limit`` and a few times that in all."""

    def __init__(self, source: GzipFile, limit: int) -> None:
        super().__init__()
        self._source = source
        self._limit = limit
        self._left = limit * _PASSES

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be sought in."""
        return True

    def read(self, size: int = -1) -> bytes:
        """As of any file; never more than may be there."""
        most = self._limit - self._source.tell() + 1
        data = self._source.read(most if size < 0 else min(size, most))
        self._spend(len(data) + 1)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any file; it is read through on the way."""
        if whence != io.SEEK_SET or offset < 0:
            raise BadArchive("it is damaged (a header leads outside of it)")
        here = self._source.tell()
        if offset > self._limit:
            self._refuse()
        self._spend(offset - here if offset >= here else offset)
        return self._source.seek(offset)

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._source.tell()

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0 or self._source.tell() > self._limit:
            self._refuse()

    def _refuse(self) -> None:
        raise BadArchive(f"it unpacks to more than {self._limit} bytes")
