"""A connection of an event loop on which one request after another is made, without a stream in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from metricrig._core.http.errors import NotHttp
from metricrig.load.requests.answer_reader import AnswerReader

if TYPE_CHECKING:
    from metricrig._core.http.exchange import Head


class KeptConnection(asyncio.Protocol):
    """``ask`` is for one request at a time. After an error it is not usable any more."""

    def __init__(self) -> None:
        self.usable = False
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._answered: asyncio.Future[Head] | None = None

    async def ask(self, request: bytes, *, bodiless: bool) -> Head:
        """Send a request; returns when the last byte of its answer has come."""
        if self._transport is None or not self.usable:
            raise NotHttp("the connection was closed before it was asked")
        self._reader = AnswerReader(bodiless=bodiless)
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answered
        except BaseException:  # also when it is cancelled: what comes now is no answer to the next request
            self.close()
            raise

    def close(self) -> None:
        """Close it at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy: it is one of a stream
        self._transport, self.usable = transport, True

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        if self._reader is None or self._answered is None:
            self.close()  # it speaks unasked, or says more than was asked
            return
        try:
            whole = self._reader.feed(data)
        except NotHttp as error:
            self._fail(error)
            return
        if whole:
            self._done()

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio calls it."""
        self.usable = False
        if self._reader is not None and self._reader.ends_with_connection and exc is None:
            self._done()
        else:
            self._fail(exc or NotHttp("the server closed the connection before it had answered"))

    def _done(self) -> None:
        reader, answered = self._reader, self._answered
        self._reader = self._answered = None
        if reader is None or reader.head is None or answered is None or answered.done():
            return
        if reader.beyond or not reader.head.stays_open:
            self.close()
        answered.set_result(reader.head)

    def _fail(self, error: Exception) -> None:
        answered, self._answered = self._answered, None
        self.close()
        if answered is not None and not answered.done():
            answered.set_exception(error)
