"""Where a proxy of the API is to listen: on 127.0.0.1, whatever else Toxiproxy would do."""

from __future__ import annotations

LOOPBACK = "127.0.0.1"
_MEANT = frozenset({"", "localhost", LOOPBACK})
"""No host is any host to Toxiproxy; here it is the only one that there is."""
_HIGHEST_PORT = 65535


class BadAddress(Exception):
    """No address to listen at, in Go's words."""


class ForeignAddress(Exception):
    """One at which others than this machine could connect."""

    def __init__(self, listen: str) -> None:
        self.listen = listen
        super().__init__(f"links listen on {LOOPBACK} only: say so, or localhost, or no host")


def resolved(listen: str) -> int:
    """The port of a ``listen`` field; 0 is any free one, and so is nothing at all."""
    host, port = _split(listen) if listen else ("", "")
    if host.lower() not in _MEANT:
        raise ForeignAddress(listen)
    if port and not (port.isascii() and port.isdigit()):
        raise BadAddress(f"lookup tcp/{port}: unknown port")
    if int(port or 0) > _HIGHEST_PORT:
        raise BadAddress(f"address {port}: invalid port")
    return int(port or 0)


def text(port: int) -> str:
    """As the API shows it."""
    return f"{LOOPBACK}:{port}"


def _split(listen: str) -> tuple[str, str]:
    host, colon, port = listen.rpartition(":")
    if not colon or listen.endswith("]"):
        raise BadAddress(f"address {listen}: missing port in address")
    if host.startswith("[") and "]" not in host:
        raise BadAddress(f"address {listen}: missing ']' in address")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], port
    if ":" in host:
        raise BadAddress(f"address {listen}: too many colons in address")
    return host, port
