"""Sound input of each reader, from which the mutations begin."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Iterable
from typing import Any


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


READY = message(b"Z", b"I")
HELLO = message(b"R", struct.pack("!i", 0)) + message(b"S", b"server_version\x0015.3 (Debian)\0") + READY
ROWS = message(b"T", b"\0\1?column?\0" + bytes(18)) + message(b"D", b"\0\2\0\0\0\x011\xff\xff\xff\xff")
SCRAM = message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0") + message(
    b"R", struct.pack("!i", 11) + b"r=abc,s=c2FsdA==,i=4096"
)
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
METRICS = b"""# HELP orders_total Orders.
# TYPE orders_total counter
orders_total{status="ok",path="a\\"b\\n"} 3 1700000000000
orders_total{status="no"} 1e3
# TYPE took histogram
took_bucket{le="0.1"} 1
took_bucket{le="+Inf"} 2
took_sum 0.3
took_count 2
up NaN
"""
OPEN = b"""# TYPE orders counter
# UNIT took_seconds seconds
orders_total{status="ok"} 3.0 1700000000.0 # {trace_id="a"} 1.0 1.5
{"quoted.name","x"="y"} 1
# EOF
"""
RECORD: dict[str, Any] = {
    "rig": "shop-1",
    "directory": "/tmp/metricrig-0/shop-1",
    "owner": [1, 2],
    "janitor": [3, 4],
    "boot": "b",
    "pid_namespace": "n",
    "made": 1.5,
    "kept": False,
    "errand": None,
    "services": {"5": {"name": "redis", "process": [5, 6], "argv": ["redis-server"], "ports": {"redis": 6379}}},
}


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def answer(kind: str, result: object, **more: object) -> bytes:
    return as_json({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def tar_of(*members: tuple[str, bytes, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, content.decode() if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(names: Iterable[str], compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as bundle:
        for name in names:
            bundle.writestr(name, name * 10)
    return buffer.getvalue()


HISTOGRAM = {"count": "1", "sum": "2", "buckets": [[0, "0", "1", "1"]]}
LONG = "d/" * 60 + "long"
TAR = tar_of(
    ("d", tarfile.DIRTYPE, b""),
    ("d/tool", tarfile.REGTYPE, b"#!/bin/sh\n"),
    ("d/link", tarfile.SYMTYPE, b"tool"),
    ("d/hard", tarfile.LNKTYPE, b"d/tool"),
    (LONG, tarfile.REGTYPE, b"x" * 600),
)
SUM = b"0123456789abcdef" * 4
SERIES = [{"metric": {"__name__": "up", "a": "b"}, "values": [[0, "1"], [15, "NaN"]]}]


def posted(path: bytes, body: bytes) -> bytes:
    """A request."""
    return b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (path, len(body), body)
