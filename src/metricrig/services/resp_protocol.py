"""As much of Redis's protocol (RESP 2) as giving a test an empty database takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from metricrig._core.errors import MetricrigError
from metricrig._core.sockets import asking, connect, read_exactly, understanding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig._core.sockets import Address

    Reply = str | int | list["Reply"] | None


_LONGEST_LINE = 1 << 16
_LARGEST = 512 << 20
"""Of a value: Redis's own limit."""


class RedisRefusal(MetricrigError):
    """The server answered a command with an error."""


def converse(who: str, address: Address, commands: Sequence[Sequence[str]]) -> list[Reply]:
    """All commands at once on a connection of their own, and all replies; the first error among them is raised.

    A connection costs 0.05 ms more than keeping one (0.07 instead of 0.02, with AUTH), and can be neither stale
    after a restart, nor in the wrong database, nor another thread's.
    """
    question = " ".join(words[0] for words in commands)
    encoded = b"".join(map(_encoded, commands))
    with asking(who, f"answer to {question}"), connect(address) as connection:
        connection.sendall(encoded)
        with understanding(who, "Redis's protocol"), connection.makefile("rb") as stream:
            return [_reply(who, words[0], cast("BinaryIO", stream)) for words in commands]


def _encoded(words: Sequence[str]) -> bytes:
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def _reply(who: str, command: str, stream: BinaryIO) -> Reply:
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\r\n"):
        raise ConnectionError("it closed the connection")
    kind, rest = line[:1], line[1:-2].decode()
    match kind:
        case b"+":
            return rest
        case b"-":
            raise RedisRefusal(f"{who} answered {command} with {rest}")
        case b":":
            return int(rest)
        case b"$":
            return read_exactly(stream, int(rest) + 2, most=_LARGEST)[:-2].decode() if rest != "-1" else None
        case b"*":
            return [_reply(who, command, stream) for _ in range(int(rest))] if rest != "-1" else None
    raise MetricrigError(f"{who} does not speak Redis's protocol: it answered {command} with {line[:80]!r}")
