"""The download of a file over HTTP: resumed where it broke off, bounded in time, hashed while it arrives."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from metricrig._core.deadlines import Deadline
from metricrig._core.events import FetchProgressed, everything
from metricrig.tools import http_request
from metricrig.tools.http_request import TransferInterrupted
from metricrig.tools.source_settings import settings

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from urllib3 import BaseHTTPResponse

TOTAL_WITHIN = 1800.0
# Tries in a row that bring not one byte; a try that brings some starts the count again.
FRUITLESS_TRIES = 4
FIRST_PAUSE = 0.1
PROGRESS_EVERY = 0.1
_PIECE = 1 << 16


class DownloadFailed(Exception):
    """Why a file did not arrive. ``missing`` if the server says that there is none."""

    def __init__(self, url: str, why: str, *, missing: bool = False) -> None:
        self.missing = missing
        super().__init__(f"{url}: {why}")


@dataclass(slots=True)
class _Arriving:
    """A file on its way: what has arrived, and its hash so far."""

    tool: str
    url: str
    file: IO[bytes]
    limit: int
    received: int = 0
    total: int | None = None
    etag: str = ""
    digest: Any = field(default_factory=hashlib.sha256)
    reported: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.received, self.total, self.digest = 0, None, hashlib.sha256()

    def take(self, piece: bytes) -> None:
        if self.received + len(piece) > self.limit:
            mebibytes = self.limit >> 20
            raise DownloadFailed(
                self.url,
                f"it is larger than {mebibytes} MiB; METRICRIG_DOWNLOAD_LIMIT={4 * mebibytes} in the environment allows"
                f" as many",
            )
        self.file.write(piece)
        self.digest.update(piece)
        self.received += len(piece)
        self.report()

    def report(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if last or now - self.reported >= PROGRESS_EVERY:
            self.reported = now
            everything.emit(
                FetchProgressed(
                    tool=self.tool,
                    source="release",
                    what=f"downloading {self.url}",
                    done=self.received,
                    total=self.total,
                    seconds=now - self.began,
                )
            )

    def headers(self) -> dict[str, str]:
        if not self.received:
            return {}
        strong = self.etag and not self.etag.startswith("W/")
        return {"Range": f"bytes={self.received}-", **({"If-Range": self.etag} if strong else {})}


def download(url: str, place: Path, *, tool: str, within: float = TOTAL_WITHIN) -> str:
    """Fetch into the file ``place`` and return its sha256."""
    deadline, silence = Deadline.after(within), settings().silence
    limit = settings().download_limit
    with place.open("wb") as file, http_request.pool(url, deadline) as pool:
        arriving = _Arriving(tool, url, file, limit)
        fruitless, why = 0, ""
        while fruitless < FRUITLESS_TRIES and not deadline.expired:
            before = arriving.received
            try:
                _fetch_rest(pool, arriving, deadline, silence)
            except TransferInterrupted as interruption:
                why = str(interruption)
            else:
                return str(arriving.digest.hexdigest())
            fruitless = 0 if arriving.received > before else fruitless + 1
            time.sleep(min(FIRST_PAUSE * 2**fruitless, deadline.remaining))
    missed = f"within {within:g} s" if deadline.expired else f"in {FRUITLESS_TRIES} tries"
    raise DownloadFailed(url, f"did not arrive {missed}; the last one: {why}{_so_far(arriving)}")


def _fetch_rest(pool: http_request.Pool, arriving: _Arriving, deadline: Deadline, silence: float) -> None:
    with http_request.opened(pool, arriving.url, arriving.headers(), silence, deadline) as response:
        _accept(response, arriving)
        for piece in response.stream(_PIECE, decode_content=False):
            arriving.take(piece)
            if deadline.expired:
                raise TransferInterrupted(f"{deadline.within:g} s are over")
    if arriving.total is not None and arriving.received != arriving.total:
        raise TransferInterrupted(f"the server closed after {arriving.received} of {arriving.total} bytes")
    arriving.report(last=True)


def _accept(response: BaseHTTPResponse, arriving: _Arriving) -> None:
    """Judge the answer, and start again where the server does not continue."""
    status = response.status
    if status == HTTPStatus.PARTIAL_CONTENT and _continues(response, arriving):
        return
    arriving.restart()
    if status == HTTPStatus.OK:
        length = response.headers.get("Content-Length", "")
        arriving.total = int(length) if length.isdecimal() and length.isascii() else None
        arriving.etag = response.headers.get("ETag", "")
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _WORTH_ANOTHER_TRY:
        raise TransferInterrupted(f"HTTP {status} {response.reason}")
    else:
        missing = status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
        raise DownloadFailed(arriving.url, f"HTTP {status} {response.reason}", missing=missing)


_WORTH_ANOTHER_TRY = {
    HTTPStatus.PARTIAL_CONTENT,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}


def _continues(response: BaseHTTPResponse, arriving: _Arriving) -> bool:
    stated = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    return stated is not None and int(stated.group(1)) == arriving.received > 0


def _so_far(arriving: _Arriving) -> str:
    if not arriving.received:
        return ""
    return f" ({arriving.received} of {arriving.total or 'unknown'} bytes had arrived)"
