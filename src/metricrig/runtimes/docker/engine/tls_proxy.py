"""A proxy for an engine behind TLS: a unix socket of ours, each connection of which goes there, encrypted.

A command with an input says that it has no more of it while its output goes on: the connection is closed in one
direction. The client (docker 7.2) cannot do that over TLS, and neither can Python's own sockets (3.13): ``shutdown``
of an ``SSLSocket`` ends the encryption of both directions, its ``unwrap`` waits for the other side to close as well and
fails on output that has arrived meanwhile, and asyncio refuses ``write_eof`` over TLS. Here TLS works in memory
(``MemoryBIO``): what has arrived is decrypted before ``unwrap`` is called, which then only announces the end.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from metricrig.janitor.client import janitor

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16
_DIAL_WITHIN = 10.0
_PORT = 2376


class TlsProxy:
    """Listens on ``socket`` for as long as this process lives."""

    def __init__(self, url: str, certificates: Path) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname or "", parts.port or _PORT
        self._context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        self._context.load_cert_chain(str(certificates / "cert.pem"), str(certificates / "key.pem"))
        directory = Path(tempfile.mkdtemp(prefix="metricrig-tls-"))
        janitor().adopt(directory)
        self.socket = directory / "engine.sock"
        self.failure = ""
        """Why the last connection could not be made."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self._listener.listen(128)
        threading.Thread(target=self._accept, name="metricrig-tls", daemon=True).start()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(near,), name="metricrig-tls", daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            try:
                far = _Far(self._target, self._context)
            except OSError as error:
                self.failure = str(error)
                return
            try:
                far.converse(near)
            except ssl.SSLError as error:  # such as our certificate, which is looked at after the handshake
                self.failure = str(error)
            except OSError:  # one of them has gone: so does the other
                pass
            finally:
                far.close()


class _Far:
    """The encrypted side of a connection."""

    def __init__(self, target: tuple[str, int], context: ssl.SSLContext) -> None:
        self._socket = socket.create_connection(target, _DIAL_WITHIN)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ended = False
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=target[0])
        try:
            self._shake_hands()
        except OSError:
            self.close()
            raise
        self._socket.settimeout(None)

    def close(self) -> None:
        self._socket.close()

    def converse(self, near: socket.socket) -> None:
        """Until the far side has no more to say."""
        sources = [self._socket, near]
        while True:
            ready, _, _ = select.select(sources, [], [])
            if near in ready:
                if data := near.recv(_CHUNK):
                    self._tls.write(data)
                else:  # it has no more input, and still wants the output
                    sources.remove(near)
                    with contextlib.suppress(ssl.SSLWantReadError):
                        self._tls.unwrap()
                self._flush()
            if self._socket in ready:
                heard = self._receive()
                for data in self._decrypted():
                    near.sendall(data)
                if not heard or self._ended:
                    return

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                if not self._receive():
                    raise ConnectionError("it hung up during the handshake") from None
            else:
                self._flush()
                return

    def _decrypted(self) -> Iterator[bytes]:
        with contextlib.suppress(ssl.SSLWantReadError):
            while data := self._tls.read(_CHUNK):
                yield data
            self._ended = True  # an engine says that it has no more to say, and leaves hanging up to us

    def _receive(self) -> bool:
        data = self._socket.recv(_CHUNK)
        self._in.write(data)
        return bool(data)

    def _flush(self) -> None:
        self._socket.sendall(self._out.read())
