"""A server on loopback that answers HTTP in every way that harms whoever believes it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Say = Callable[[socket.socket, threading.Event], None]

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
_DRIP = 0.01
"""Seconds between two bytes of a trickle: often enough to begin any timeout anew."""


@dataclass(frozen=True, slots=True)
class Hostility:
    """One way to answer. ``secure``: it is asked by https, whatever it speaks itself."""

    say: Say
    secure: bool = False


def said(*parts: bytes) -> Say:
    """Words, and then the end."""

    def say(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(b"".join(parts))

    return say


def trickled(start: bytes, drop: bytes = b"a") -> Say:
    """Words, and then drop by drop."""

    def say(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.wait(_DRIP):
            connection.sendall(drop)

    return say


def endless(start: bytes, piece: bytes) -> Say:
    """Words, and then as much as is taken."""

    def say(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.is_set():
            connection.sendall(piece)

    return say


def reset_after(start: bytes) -> Say:
    """Words, and then a reset instead of an end."""

    def say(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(start)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return say


def silent(_: socket.socket, over: threading.Event) -> None:
    """Nothing at all."""
    over.wait()


def secure_by_nobody(connection: socket.socket, _: threading.Event) -> None:
    """TLS, and a certificate by an authority that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(1 << 16)
        tls.sendall(_OK + b"Content-Length: 4\r\n\r\nx 1\n")


_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_BOMB = gzip.compress(bytes(32 << 20))
_MANY = b"a 1\n" * 16384

HOSTILITIES = {
    "silent": Hostility(silent),
    "closed at once": Hostility(said()),
    "reset at once": Hostility(reset_after(b"")),
    "reset in the body": Hostility(reset_after(_OK + b"Content-Length: 1000\r\n\r\nabc")),
    "short body": Hostility(said(_OK, b"Content-Length: 1000\r\n\r\nabc")),
    "trickled head": Hostility(trickled(b"HTTP/1.1 200 OK\r\nX: ")),
    "trickled headers": Hostility(trickled(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")),
    "trickled body": Hostility(trickled(_OK + b"Content-Length: 100000\r\n\r\n")),
    "trickled body without a length": Hostility(trickled(_OK + b"\r\n")),
    "trickled chunks": Hostility(trickled(_CHUNKED, b"1\r\na\r\n")),
    "trickled size of a chunk": Hostility(trickled(_CHUNKED, b"0")),
    "trickled trailers": Hostility(trickled(_CHUNKED + b"0\r\n", b"a: b\r\n")),
    "trickled 100 Continue": Hostility(trickled(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    "endless 100 Continue": Hostility(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    "endless head": Hostility(endless(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536)),
    "endless headers": Hostility(endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10000)),
    "endless body": Hostility(endless(_OK + b"\r\n", _MANY)),
    "endless chunks": Hostility(endless(_CHUNKED, b"10000\r\n" + _MANY + b"\r\n")),
    "endless small chunks": Hostility(endless(_CHUNKED, b"1\r\na\r\n" * 20000)),
    "endless chunk": Hostility(endless(_CHUNKED + b"fffffffffffffff\r\n", _MANY)),
    "body of a gigabyte": Hostility(endless(_OK + b"Content-Length: 1073741824\r\n\r\n", _MANY)),
    "gzip bomb": Hostility(endless(_OK + b"Content-Encoding: gzip\r\n\r\n", _BOMB)),
    "gzip of garbage": Hostility(said(_OK, b"Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\ngarbage")),
    "garbage": Hostility(said(bytes(range(256)) * 40)),
    "negative chunk": Hostility(said(_CHUNKED, b"-5\r\nhello\r\n0\r\n\r\n")),
    "huge chunk": Hostility(said(_CHUNKED, b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n")),
    "chunk of no size": Hostility(said(_CHUNKED, b"size\r\nhello\r\n0\r\n\r\n")),
    "chunk longer than its size": Hostility(said(_CHUNKED, b"3\r\nhello\r\n0\r\n\r\n")),
    "negative length": Hostility(said(_OK, b"Content-Length: -5\r\n\r\nhello")),
    "two lengths": Hostility(said(_OK, b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")),
    "redirect to itself": Hostility(said(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")),
    "deep JSON": Hostility(said(_OK, b"Content-Length: 200000\r\n\r\n", b"[" * 200000)),
    "no TLS where it is asked for": Hostility(said(_OK, b"Content-Length: 4\r\n\r\nx 1\n"), secure=True),
    "silent where TLS is asked for": Hostility(silent, secure=True),
    "trickled TLS": Hostility(trickled(b"\x16\x03\x03\x40\x00", b"\x02"), secure=True),
    "a certificate by nobody": Hostility(secure_by_nobody, secure=True),
}


@contextlib.contextmanager
def hostile_server(hostility: Hostility) -> Iterator[int]:
    """Its port, for the length of a block."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        threading.Thread(target=_accept, args=(listening, hostility, over), daemon=True).start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, hostility: Hostility, over: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve, args=(connection, hostility, over), daemon=True).start()


def _serve(connection: socket.socket, hostility: Hostility, over: threading.Event) -> None:
    """The request is read, so that the end is not a reset unless it is meant to be one."""
    with contextlib.suppress(OSError), connection:
        if not hostility.secure:
            connection.recv(1 << 16)
        hostility.say(connection, over)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            """Until the client has closed."""
