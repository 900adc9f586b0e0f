"""Sockets for the short conversations with servers whose protocols are written by hand here."""

from __future__ import annotations

import select
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from metricrig._core.errors import DeadlineExceeded, MetricrigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    Address = tuple[str, int] | str
    """Host and port, or the path of a unix socket."""

ANSWER_TIMEOUT_SECONDS = 30.0
"""Seconds that one answer may take."""


_PIECE = 1 << 20


def connect(address: Address, *, within: float = ANSWER_TIMEOUT_SECONDS) -> socket.socket:
    """A connection on which small messages are sent at once (TCP_NODELAY)."""
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(within)
            connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return connection
    connection = socket.create_connection(address, within)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def undisturbed(connection: socket.socket) -> bool:
    """Whether nothing has arrived on an idle connection, neither its end nor data."""
    # Not a recv that does not block: on a socket with a timeout, Python waits all the same.
    if connection.fileno() < 0:
        return False
    looking = select.poll()
    looking.register(connection, select.POLLIN)
    return not looking.poll(0)


@contextmanager
def asking(who: str, wanted: str, *, within: float = ANSWER_TIMEOUT_SECONDS) -> Iterator[None]:
    """A block in which errors of the sockets become errors that name the server."""
    try:
        yield
    except TimeoutError:
        raise DeadlineExceeded(who, wanted=wanted, seen="nothing", within=within) from None
    except ConnectionRefusedError:
        raise MetricrigError(f"{who}: nobody listens, so there is no {wanted}; is it running?") from None
    except OSError as error:
        raise MetricrigError(f"{who}: no {wanted}: {error.strerror or error}; is it running?") from None


@contextmanager
def understanding(who: str, protocol: str) -> Iterator[None]:
    """A block that parses an answer: an error in it means that another kind of server answers there."""
    try:
        yield
    except MetricrigError:
        raise
    except (ValueError, LookupError, OverflowError, RecursionError, struct.error) as error:
        what = f"{type(error).__name__}: {str(error)[:200]}"
        raise MetricrigError(
            f"{who}: what answers there does not speak {protocol} ({what}); is another server at its port?"
        ) from error


def read_exactly(stream: BinaryIO, size: int, *, most: int) -> bytes:
    """So many bytes; memory is taken as they come, because a damaged length is a large one."""
    if not 0 <= size <= most:
        raise ValueError(f"a length of {size}, where at most {most} can be")
    data = bytearray()
    while len(data) < size:
        piece = stream.read(min(size - len(data), _PIECE))
        if not piece:
            raise ConnectionError("it closed the connection")
        data += piece
    return bytes(data)
