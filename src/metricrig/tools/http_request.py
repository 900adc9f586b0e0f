"""An HTTP request of a download, and what its errors mean. urllib3 is imported when the first one is made."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from metricrig.tools.tool_request import CannotDeliver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager

    from metricrig._core.deadlines import Deadline

    Pool = PoolManager | ProxyManager

# Seconds to connect. A host that is there accepts within these; one that is not must not delay the next source.
CONNECT_WITHIN = 10.0
_LEAST = 0.001  # seconds that urllib3 takes for a timeout


class TransferInterrupted(Exception):
    """It may work when tried again."""


def mirrored(url: str, mirror: str) -> str:
    """The same path at the mirror, if there is one."""
    if not mirror:
        return url
    parts = urlsplit(url)
    return mirror.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


@contextlib.contextmanager
def pool(url: str, deadline: Deadline) -> Iterator[Pool]:
    """Connections for one file, through the proxy that the environment names."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - only downloading needs it

    import urllib3  # noqa: PLC0415 - 20 ms that only downloading needs

    from metricrig.tools import timed_sockets  # noqa: PLC0415 - see above

    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    direct = proxy is None or bool(proxy_bypass(parts.hostname or ""))
    connections = urllib3.PoolManager() if direct or proxy is None else urllib3.ProxyManager(proxy)
    timed_sockets.keep(connections, deadline)
    with connections:
        yield connections


@contextlib.contextmanager
def opened(
    connections: Pool, url: str, headers: Mapping[str, str], silence: float, deadline: Deadline
) -> Iterator[BaseHTTPResponse]:
    """Make a request and read its answer inside; redirects are followed, retrying is the caller's."""
    from urllib3 import Retry, Timeout, exceptions  # noqa: PLC0415 - see above

    timeout = Timeout(connect=min(CONNECT_WITHIN, silence, deadline.remaining or _LEAST), read=silence)
    retries = Retry(connect=0, read=0, status=0, other=0, redirect=5, raise_on_redirect=True)
    try:
        response = connections.request(
            "GET",
            url,
            headers={"Accept-Encoding": "identity", "User-Agent": "metricrig", **headers},
            timeout=timeout,
            retries=retries,
            preload_content=False,
        )
        with contextlib.closing(response):
            yield response
    except exceptions.HTTPError as error:
        raise _meaning(error, url, silence) from None
    except ValueError as error:  # of a chunk with a negative size
        raise TransferInterrupted(f"{urlsplit(url).netloc} does not speak HTTP ({error})") from None


def _meaning(error: Exception, url: str, silence: float) -> Exception:
    from urllib3 import exceptions  # noqa: PLC0415 - see above

    cause = error.reason if isinstance(error, exceptions.MaxRetryError) and error.reason else error
    host = urlsplit(url).netloc
    if isinstance(cause, exceptions.NewConnectionError | exceptions.ConnectTimeoutError):
        return CannotDeliver(f"{host} cannot be reached ({_short(cause)})")
    if isinstance(cause, exceptions.LocationValueError | exceptions.SSLError | exceptions.ProxyError):
        return CannotDeliver(f"{url}: {_short(cause)}")
    if isinstance(cause, exceptions.ReadTimeoutError):
        return TransferInterrupted(f"{host} sent nothing for {silence:g} s")
    return TransferInterrupted(_short(cause))


def _short(error: BaseException) -> str:
    """urllib3 puts connections and causes around the words that matter."""
    text = str(error)
    return text.rpartition("): ")[2].rpartition(">: ")[2] or text
