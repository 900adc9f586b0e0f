"""A release host on loopback: the real layout of upstream's downloads, small archives, and troubles on demand."""

from __future__ import annotations

import contextlib
import hashlib
import io
import socket
import struct
import tarfile
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.tools.tool import Tool


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with one request.

    ``status`` answers that instead; ``after`` bytes of the body the connection is reset, or with ``politely`` closed;
    ``hang`` sends nothing more until the host stops; the host's ``held`` is set when that begins.
    """

    status: int = 0
    after: int | None = None
    politely: bool = False
    hang: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    path: str
    range: str


@dataclass(slots=True)
class ReleaseHost:
    """Files by path, troubles by path (each for one request, in order), and every request that came."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    troubles: defaultdict[str, list[Trouble]] = field(default_factory=lambda: defaultdict(list))
    asked: list[Asked] = field(default_factory=list)
    ranges: bool = True
    held: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def publish(self, archive: str, content: bytes, checksums: str, listed: str | None = None) -> None:
        """Put an archive and its checksum file; ``listed`` is another hash than the true one."""
        self.files[archive] = content
        name = archive.rpartition("/")[2]
        sha256 = listed or hashlib.sha256(content).hexdigest()
        self.files[checksums] = f"{'0' * 64}  something-else\n{sha256}  {name}\n".encode()

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(each.path == path for each in self.asked)


@dataclass(frozen=True, slots=True)
class Published:
    """A tool with a release at the host: the paths that are asked for, and the archive."""

    tool: Tool
    archive: str
    checksums: str
    content: bytes


@contextlib.contextmanager
def release_host() -> Iterator[ReleaseHost]:
    """Serve for the length of a block."""
    host = ReleaseHost()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.host = host
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def tar_gz(*members: tuple[str, bytes | str, int]) -> bytes:
    """An archive of ``(name, content, mode)``; a content that is text makes a symbolic link to it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content, mode in members:
            info = tarfile.TarInfo(name)
            info.mode = mode
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def program(says: str) -> bytes:
    """A program that answers ``--version``."""
    return f"#!/bin/sh\necho '{says}'\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    host: ReleaseHost

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Be quiet."""

    def do_GET(self) -> None:
        host = self.server.host
        path = self.path.partition("?")[0]
        host.asked.append(Asked(path, self.headers.get("Range", "")))
        trouble = host.troubles[path].pop(0) if host.troubles[path] else Trouble()
        content = host.files.get(path)
        if trouble.status or content is None:
            self.send_error(trouble.status or 404)
            return
        self._send(self._head(content), trouble)

    def _head(self, content: bytes) -> bytes:
        host, wanted = self.server.host, self.headers.get("Range", "")
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        same = self.headers.get("If-Range", etag) == etag
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted and host.ranges and same else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", etag)
        self.end_headers()
        return content[start:]

    def _send(self, body: bytes, trouble: Trouble) -> None:
        self.wfile.write(body if trouble.after is None else body[: trouble.after])
        self.wfile.flush()
        if trouble.hang:
            self.server.host.held.set()
            self.server.host.stopping.wait()
        elif trouble.after is not None and not trouble.politely:
            # Closing with a linger of nothing sends a reset instead of an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
