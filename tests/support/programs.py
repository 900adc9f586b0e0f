"""Small programs to be run as services: each behaves, or misbehaves, in one way."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

from metricrig import Service

IMAGE = "metricrig-tests/programs:5"
"""This Python and a few commands; only a container needs it."""

_HEADER = """
import http.server, os, signal, socket, subprocess, sys, time

class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"hello from %d" % os.getpid())
    def log_message(self, *words): pass

def serve(port):
    http.server.ThreadingHTTPServer((HOST, int(port)), Quiet).serve_forever()
"""


def python(name: str, code: str, *words: str, **fields: Any) -> Service:
    """A service that is a piece of Python."""
    program = _HEADER + textwrap.dedent(code)
    fields.setdefault("image", IMAGE)
    # Braces are Python's here, so the command is a function of the placement.
    return Service(
        name=name,
        command=lambda at: [sys.executable, "-I", "-u", "-c", f"HOST = {at.host!r}\n{program}", *at.render_all(words)],
        **fields,
    )


def web(name: str = "web", **fields: Any) -> Service:
    """A small web server."""
    return python(name, "serve(sys.argv[1])", "{port}", ports={"http": 80}, **fields)


def sleeper(name: str = "sleeper", **fields: Any) -> Service:
    """A process that does nothing for long."""
    fields.setdefault("image", IMAGE)
    return Service(name=name, command=["sleep", "1000"], **fields)
