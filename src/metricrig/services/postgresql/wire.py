"""The part of PostgreSQL's protocol (3.0) that is needed to make databases and to ask simple questions.

Not psycopg, because a test's client is the user's choice, and 100 ms of import would be paid by all.
"""

from __future__ import annotations

import struct
import threading
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from metricrig._core.errors import MetricrigError
from metricrig._core.sockets import asking, connect, read_exactly, understanding, undisturbed
from metricrig.services.postgresql.errors import PostgreSQLError
from metricrig.services.postgresql.scram import NotTrusted, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig._core.sockets import Address

    Row = tuple[str | None, ...]

_VERSION = 196608  # 3.0
_TRUST, _PASSWORD, _SASL, _SASL_GOES_ON, _SASL_ENDS = 0, 3, 10, 11, 12
_NULL = -1
_PROTOCOL = "PostgreSQL's protocol"
_LARGEST = 1 << 30
"""Bytes of a message: the server's own limit of a value."""
STARTUP_WITHIN = 30.0
STATEMENT_WITHIN = 600.0


class PostgreSQLConnection:
    """One session, opened at once. Threads take turns."""

    def __init__(self, who: str, address: Address, *, user: str, password: str, database: str) -> None:
        self.who = who
        self.parameters: dict[str, str] = {}
        self._turn = threading.Lock()
        with asking(who, "connection to PostgreSQL", within=STARTUP_WITHIN):
            self._socket = connect(address, within=STARTUP_WITHIN)
            self._stream = cast("BinaryIO", self._socket.makefile("rb"))
            try:
                with understanding(who, _PROTOCOL):
                    self._begin(user, password, database)
            except BaseException:
                self.close()
                raise
        self._socket.settimeout(STATEMENT_WITHIN)

    @property
    def version(self) -> int:
        """The server's major version."""
        with understanding(self.who, _PROTOCOL):
            return int(self.parameters["server_version"].partition(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))

    @property
    def alive(self) -> bool:
        """Whether nothing has happened to it since it was last used; asks nobody, and takes microseconds.

        While another thread uses it, this cannot be told.
        """
        return not self._stream.closed and undisturbed(self._socket)

    def query(self, statements: str) -> list[Row]:
        """Run SQL; the rows, as texts, of the last statement that has any."""
        question = statements.encode() + b"\0"
        with self._turn, asking(self.who, "answer to a statement", within=STATEMENT_WITHIN):
            try:
                self._send(b"Q", question)
                with understanding(self.who, _PROTOCOL):
                    return self._rows(statements)
            except PostgreSQLError:
                raise
            except BaseException:  # the rest of the answer would be taken for the next one's
                self.close()
                raise

    def close(self) -> None:
        """End it without a word, which the server does not mind."""
        self._stream.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, user: str, password: str, database: str) -> None:
        words = ("user", user, "database", database, "client_encoding", "UTF8", "application_name", "metricrig", "")
        hello = struct.pack("!i", _VERSION) + b"".join(word.encode() + b"\0" for word in words)
        self._socket.sendall(struct.pack("!i", len(hello) + 4) + hello)
        proof = Proof(password)
        for kind, body in self._messages():
            if kind == b"R":
                self._authenticate(struct.unpack_from("!i", body)[0], body[4:], password, proof)

    def _authenticate(self, method: int, said: bytes, password: str, proof: Proof) -> None:
        try:
            if method == _PASSWORD:
                self._send(b"p", password.encode() + b"\0")
            elif method == _SASL:
                self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(proof.first)) + proof.first)
            elif method == _SASL_GOES_ON:
                self._send(b"p", proof.final(said))
            elif method == _SASL_ENDS:
                proof.check(said)
            elif method != _TRUST:
                raise MetricrigError(f"{self.who} wants authentication {method}; known are trust, password and SCRAM")
        except NotTrusted:
            raise MetricrigError(f"{self.who}: whoever answers there does not know the password either") from None

    def _rows(self, statements: str) -> list[Row]:
        rows: list[Row] = []
        for kind, body in self._messages(statements):
            if kind == b"T":  # a description of rows: these belong to a new statement
                rows = []
            elif kind == b"D":
                rows.append(tuple(_columns(body)))
            elif kind == b"G":
                self._send(b"f", b"COPY FROM STDIN is for psql\0")
        return rows

    def _messages(self, statements: str = "") -> Iterator[tuple[bytes, bytes]]:
        """What the server says until it waits for us again; an error is raised then, or when it hangs up."""
        error: PostgreSQLError | None = None
        while (kind := self._read(1, error)) != b"Z":
            body = self._read(struct.unpack("!i", self._read(4, error))[0] - 4, error)
            if kind == b"E":
                error = error or PostgreSQLError(self.who, _fields(body), statements)
            elif kind == b"S":
                name, value = body.decode().split("\0")[:2]
                self.parameters[name] = value
            else:
                yield kind, body
        self._read(5, error)
        if error is not None:
            raise error

    def _read(self, size: int, error: PostgreSQLError | None) -> bytes:
        try:
            return read_exactly(self._stream, size, most=_LARGEST)
        except ConnectionError:
            raise error or ConnectionError("the server closed the connection") from None

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)


def _fields(body: bytes) -> dict[str, str]:
    texts = [part.decode(errors="replace") for part in body.split(b"\0") if part]
    return {text[0]: text[1:] for text in texts}


def _columns(body: bytes) -> Iterator[str | None]:
    at = 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        size = struct.unpack_from("!i", body, at)[0]
        at += 4
        if size == _NULL:
            yield None
        else:
            yield body[at : at + size].decode()
            at += size
