"""Sending a sample, again and again while that may help."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions

from ingest import wire
from ingest.errors import BadUrl, IngestError, Overloaded, Rejected, TimedOut, Unreachable
from ingest.retrying import Patience, pause_after, worth_retrying

if TYPE_CHECKING:
    from ingest.sample import Sample

_PATH = "/api/v1/write"
_SUCCESS = range(200, 300)
_CONNECTIONS = 16

OnRetry = Callable[[IngestError, float], None]


class Writer:
    """Writes to one store; may be used by many threads. ``on_retry`` hears why a try failed, and of the pause."""

    def __init__(self, url: str, patience: Patience | None = None, on_retry: OnRetry | None = None) -> None:
        self.url = endpoint(url)
        self._patience = patience or Patience()
        self._on_retry = on_retry
        self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False)
        self._closing = threading.Event()

    def write(self, sample: Sample) -> None:
        """Return when the store has said that it has the sample."""
        self.send(wire.body(sample))

    def send(self, body: bytes) -> None:
        """The same with a body that is encoded already."""
        began, tries = time.monotonic(), 0
        while True:
            tries += 1
            left = began + self._patience.within - time.monotonic()
            failure, asked = self._try(body, min(self._patience.timeout, left))
            if failure is None:
                return
            pause = pause_after(tries, asked)
            spent = time.monotonic() - began
            if spent + pause >= self._patience.within or self._closing.is_set():
                raise type(failure)(f"{failure} ({tries} {'try' if tries == 1 else 'tries'} in {spent:.1f} s)")
            if self._on_retry is not None:
                self._on_retry(failure, pause)
            self._closing.wait(pause)

    def close(self) -> None:
        """No further tries, and no open connections."""
        self._closing.set()
        self._pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try(self, body: bytes, timeout: float) -> tuple[IngestError | None, str | None]:
        """What may be better next time, and when the store wants to see us again; what will not be is raised."""
        try:
            patience = urllib3.Timeout(total=max(timeout, 0.001))
            answer = self._pool.request(
                "POST", self.url, body=body, headers=wire.HEADERS, timeout=patience, redirect=False
            )
        # To urllib3 a refused connection is a kind of timeout.
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError) as error:
            return Unreachable(f"{self.url} cannot be reached: {_reason(error)}"), None
        except exceptions.TimeoutError:
            return TimedOut(f"{self.url} did not answer within {timeout:.3g} s"), None
        except exceptions.ProtocolError as error:
            return Unreachable(f"{self.url}: the connection broke before an answer came: {error.args[0]}"), None
        except exceptions.HTTPError as error:
            return Unreachable(f"{self.url} cannot be reached: {_reason(error)}"), None
        if answer.status in _SUCCESS:
            return None, None
        text = answer.data.decode(errors="replace").strip()[:500]
        said = f"{self.url} answered {answer.status}: {text or '(nothing)'}"
        if worth_retrying(answer.status):
            return Overloaded(said), answer.headers.get("Retry-After")
        raise Rejected(said)


def endpoint(url: str) -> str:
    """Where to write: a URL without a path is a store's, and the path is the usual one."""
    try:
        parts = urlsplit(url)
        port = urllib3.util.parse_url(url).port  # it is stricter about some things
    except (ValueError, exceptions.LocationParseError):
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise BadUrl(f"{url!r} is no URL of a store: expected something like http://127.0.0.1:8428")
    if parts.username is not None:
        raise BadUrl("a URL with a user or a password in it is not supported: they would not be sent")
    return parts._replace(path=_PATH).geturl() if parts.path in {"", "/"} else url


def _reason(error: exceptions.HTTPError) -> str:
    """Without the representation of an object that urllib3 puts before it."""
    return str(error).rpartition(": ")[2]
