"""Messages between a test process and its janitor: marshalled dicts, each preceded by its length.

``marshal`` needs no import time and both ends are the same interpreter, started from one another. A process that comes
to a shared janitor says so with a greeting: what anybody else writes there is refused before it is interpreted.
"""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False  # not typing's: that alone is a tenth of the janitor's boot
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Message = dict[str, Any]

GREETING = b"metricrig janitor 1, marshal %d\n" % marshal.version
MESSAGE_LIMIT = 64 << 20
"""Bytes of one message: many times what the kernel takes as arguments and environment of a process."""
_LENGTH = 4
_CHUNK = 65536


class MalformedMessage(ValueError):
    """What was received is not a message: whoever sent it is not one of ours."""


def encode(message: Message) -> bytes:
    """The bytes of one message."""
    body = marshal.dumps(message)
    return len(body).to_bytes(_LENGTH, "big") + body


class MessageBuffer:
    """Cuts a stream of bytes into messages, after the greeting if one is expected."""

    def __init__(self, descriptor: int, greeting: bytes = b"") -> None:
        self._descriptor = descriptor
        self._greeting = greeting
        self._buffer = bytearray()

    def receive(self) -> list[Message] | None:
        """All messages that are complete after one read; None when the other side is gone."""
        try:
            data = os.read(self._descriptor, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return None
        if not data:
            return None
        self._buffer += data
        self._expect_greeting()
        return self._complete() if not self._greeting else []

    def _expect_greeting(self) -> None:
        begun = min(len(self._greeting), len(self._buffer))
        if self._buffer[:begun] != self._greeting[:begun]:
            raise MalformedMessage(f"it begins with {bytes(self._buffer[:16])!r}, not with the greeting")
        del self._buffer[:begun]
        self._greeting = self._greeting[begun:]

    def _complete(self) -> list[Message]:
        messages: list[Message] = []
        while len(self._buffer) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._buffer[:_LENGTH], "big")
            if end > MESSAGE_LIMIT:
                raise MalformedMessage(f"a message of {end} bytes, more than {MESSAGE_LIMIT}")
            if len(self._buffer) < end:
                break
            messages.append(_decode(bytes(self._buffer[_LENGTH:end])))
            del self._buffer[:end]
        return messages


def _decode(body: bytes) -> Message:
    try:
        message = marshal.loads(body)  # noqa: S302 - see the module
    except (EOFError, ValueError, TypeError, MemoryError) as error:  # a few bytes can claim to be a list of billions
        raise MalformedMessage(f"{type(error).__name__}: {error}") from None
    if not isinstance(message, dict):
        raise MalformedMessage(f"a {type(message).__name__}, not a dict")
    return message


class Outbox:
    """Bytes on their way to the other side: as many as it takes at once, the others when it has read those.

    ``write`` writes without waiting, and says how many bytes it could write or raises ``BlockingIOError``.
    """

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self.size = 0
        self._write = write
        self._pieces: list[bytes] = []

    def put(self, data: bytes) -> None:
        """Add bytes behind those that wait already."""
        self._pieces.append(data)
        self.size += len(data)

    def flush(self) -> None:
        """Write what can be written now; an ``OSError`` says that the other side is gone."""
        try:
            while self._pieces:
                piece = self._pieces[0]
                written = self._write(piece)
                self.size -= written
                if written < len(piece):
                    self._pieces[0] = piece[written:]
                else:
                    del self._pieces[0]
        except (BlockingIOError, InterruptedError):
            pass

    def clear(self) -> None:
        """Forget what waits: nobody will read it."""
        self._pieces.clear()
        self.size = 0
