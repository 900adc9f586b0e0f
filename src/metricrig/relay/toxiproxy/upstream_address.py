"""Where a proxy of the API leads: what a name means is looked up once, when the proxy begins to lead there."""

from __future__ import annotations

import socket
import threading

Address = tuple[str, int]

NOWHERE: Address = ("127.0.0.1", 0)
"""Nobody can listen at port 0: whoever is led there is refused, as Toxiproxy refuses who it cannot connect."""
_LOOK_UP_SECONDS = 2.0
"""All links wait meanwhile. A name server that is there needs a hundredth of it."""


def target(upstream: str) -> Address:
    """The address behind ``host:port``."""
    host, _, port = upstream.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):  # noqa: PLR2004 - the highest port
        return NOWHERE
    number = _numeric(host)
    return (number, int(port)) if number else NOWHERE


def _numeric(host: str) -> str | None:
    if not host or host.lower() == "localhost":
        return "127.0.0.1"
    found: list[str] = []
    asking = threading.Thread(target=_look_up, args=(host, found), daemon=True)
    asking.start()
    asking.join(_LOOK_UP_SECONDS)
    return found[0] if found else None


def _look_up(host: str, found: list[str]) -> None:
    try:
        answers = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, ValueError):
        return
    found += [str(address[0]) for *_, address in answers]
