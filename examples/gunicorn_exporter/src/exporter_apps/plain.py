"""An application without a framework: it starts in no time, and what it raises escapes to the server."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

_GROWN: list[bytes] = []


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``/`` says which process answers.

    ``/raise/NAME`` raises, ``/sleep/SECONDS`` takes its time, ``/burn/SECONDS`` a core's, ``/grow/MEGABYTES`` memory.
    """
    _, _, order = environ["PATH_INFO"].partition("/")
    what, _, argument = order.partition("/")
    if what == "raise":
        raise {"ValueError": ValueError, "KeyError": KeyError}[argument]("on purpose")
    if what == "sleep":
        print("sleeping", argument)
        time.sleep(float(argument))
    if what == "burn":
        end = time.process_time() + float(argument)
        while time.process_time() < end:
            pass
    if what == "grow":
        _GROWN.append(b"x" * (int(argument) << 20))
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
