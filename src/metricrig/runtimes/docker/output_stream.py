"""What comes out of a container: frames, each of one of two streams, written into files as they come."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = struct.Struct(">BxxxL")
_STDERR = 2


class OutputStream:
    """The connection over which an engine sends the output of something that is about to run."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._answer = connection._response  # noqa: SLF001 - the client keeps it there, and offers no other way
        self._socket = connection._sock  # noqa: SLF001 - see above
        self._socket.settimeout(None)  # a service may be silent for hours
        # The answer's own reader may have taken the first frames together with the headers.
        self._reader: BinaryIO = self._answer.raw._fp.fp  # noqa: SLF001 - see above

    def feed(self, source: Path | None) -> None:
        """All there is for its standard input, if there is anything."""
        if source is not None:
            with contextlib.suppress(OSError):  # it may have ended without reading it
                self._socket.sendall(source.read_bytes())
                self._socket.shutdown(socket.SHUT_WR)

    def pour(self, out: Path, err: Path | None) -> None:
        """Write everything into files until the end."""
        files = [_opened(out)]
        files.append(_opened(err) if err is not None else files[0])
        try:
            while len(header := self._reader.read(_HEADER.size)) == _HEADER.size:
                stream, size = _HEADER.unpack(header)
                os.write(files[stream == _STDERR], self._reader.read(size))
        finally:
            for file in set(files):
                os.close(file)

    def close(self) -> None:
        """Hang up."""
        self._answer.close()
        self._connection.close()
        self._socket.close()


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
