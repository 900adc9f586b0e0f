"""Messages between a test process and its janitor: dicts, marshalled, each behind its length.

``marshal`` needs no import time and both ends are the same interpreter, started from one another.
"""

from __future__ import annotations

import marshal
import os
from typing import Any

Message = dict[str, Any]
_LENGTH = 4
_CHUNK = 65536


def encode(message: Message) -> bytes:
    """The bytes of one message."""
    body = marshal.dumps(message)
    return len(body).to_bytes(_LENGTH, "big") + body


class Inbox:
    """Cuts a stream of bytes into messages."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
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
        return list(self._complete())

    def _complete(self) -> list[Message]:
        messages: list[Message] = []
        while len(self._buffer) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._buffer[:_LENGTH], "big")
            if len(self._buffer) < end:
                break
            messages.append(marshal.loads(bytes(self._buffer[_LENGTH:end])))  # noqa: S302 - see the module
            del self._buffer[:end]
        return messages
