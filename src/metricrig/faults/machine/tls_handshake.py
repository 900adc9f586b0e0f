"""A TLS handshake as a client makes it who trusts one authority: what it says of the server's certificate."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

SUCCEEDED, EXPIRED = "it succeeded", "certificate has expired"
_HANDSHAKE_SECONDS = 10.0
_HAS_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""
IN_A_ROW = 10
"""How many have to say the same: a server may have several workers, which load a certificate one after another."""
_SAY_WITHIN = 30.0
"""Seconds in which they say what is wanted: so long a server may take to load what it was told to."""
_LOOK_SECONDS = 0.05


def handshake(host: str, port: int, authority: bytes) -> str:
    """How one ends. Not by which name the server is called: that has nothing to do with the time."""
    context = ssl.create_default_context(cadata=authority.decode())
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it may itself be signed by somebody else
    try:
        with (
            socket.create_connection((host, port), timeout=_HANDSHAKE_SECONDS) as connection,
            context.wrap_socket(connection),
        ):
            return SUCCEEDED
    except ssl.SSLCertVerificationError as error:
        return EXPIRED if error.verify_code == _HAS_EXPIRED else error.verify_message
    except OSError as error:
        return str(error)


def said_at_last(ask: Callable[[], str], wanted: str) -> str:
    """What is wanted, when so many in a row have said it; else what was said last."""
    deadline, row = Deadline.after(_SAY_WITHIN), 0
    while True:
        said = ask()
        row = row + 1 if said == wanted else 0
        if row == IN_A_ROW or not deadline.remaining:
            return said
        if not row:
            time.sleep(_LOOK_SECONDS)
