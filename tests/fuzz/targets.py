"""What is fuzzed: each reader of something foreign, with the errors that it may raise and what sound input looks like.

A reader has to take whatever comes: it returns, or it raises one of these errors, within seconds and without harm.
"""

from __future__ import annotations

import contextlib
import gzip
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuzz import readers, samples

from metricrig import MetricrigError
from metricrig._core.http.errors import NotHttp
from metricrig.janitor.protocol import encode
from metricrig.tools.archive_members import BadArchive
from metricrig.tools.tool_request import CannotDeliver

CORPUS = Path(__file__).with_name("corpus")
NO_ERROR: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader. ``read`` is given bytes; whatever it raises that is not ``allowed`` is a defect."""

    name: str
    read: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...] = (MetricrigError,)
    seeds: tuple[bytes, ...]

    def inputs(self) -> list[bytes]:
        """The seeds, and what the corpus has: every input that has ever shown a defect is there."""
        kept = sorted((CORPUS / self.name).glob("*"))
        return [*self.seeds, *(each.read_bytes() for each in kept)]

    def try_one(self, data: bytes) -> None:
        """Read it; what the reader may raise is no defect."""
        with contextlib.suppress(*self.allowed):
            self.read(data)


TARGETS = (
    Target(
        name="janitor_messages",
        read=readers.janitor_messages,
        allowed=(EOFError, ValueError, TypeError),
        seeds=(encode({"op": "spawn", "seq": 1, "argv": ["a", "b"], "env": {"A": "b"}}), encode({"exit": 5}) * 3),
    ),
    Target(
        name="postgresql",
        read=readers.postgresql,
        seeds=(
            samples.HELLO + samples.ROWS + samples.message(b"C", b"SELECT 1\0") + samples.READY,
            samples.SCRAM + samples.HELLO,
            samples.HELLO + samples.message(b"E", b"SERROR\0C42601\0Msyntax\0\0") + samples.READY,
            samples.HELLO + samples.message(b"G", b"\0\0\0") + samples.READY,
        ),
    ),
    Target(
        name="resp",
        read=readers.resp_replies,
        seeds=(b"+PONG\r\n*2\r\n$1\r\na\r\n:5\r\n", b"-ERR no\r\n$-1\r\n", b"+OK\r\n*-1\r\n"),
    ),
    Target(
        name="http_answer_in_pieces",
        read=readers.http_answer_in_pieces,
        allowed=(NotHttp,),
        seeds=(
            b"\x03" + samples.HTTP + b"Content-Length: 2\r\n\r\nok",
            b"\x09" + samples.HTTP + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
            b"\xffHTTP/1.1 100 Continue\r\n\r\n" + samples.HTTP + b"\r\n",
        ),
    ),
    Target(
        name="benchmark_file",
        read=readers.benchmark_file,
        seeds=(
            b'{"benchmarks": [{"group": "g", "param": "a", "stats": {"data": [0.1, 0.2], "iterations": 3}}]}',
            b'{"benchmarks": []}',
        ),
    ),
    Target(
        name="http_answer",
        read=readers.http_answer,
        seeds=(
            samples.HTTP + b"Content-Length: 2\r\n\r\nok",
            samples.HTTP + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" + samples.HTTP + b"\r\n",
            samples.HTTP + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"up 1\n", mtime=0),
            b"HTTP/1.0 302 Found\r\nLocation: /elsewhere\r\n\r\n",
        ),
    ),
    Target(
        name="scraped_page",
        read=readers.scraped,
        seeds=(
            samples.HTTP + b"Content-Length: %d\r\n\r\n" % len(samples.METRICS) + samples.METRICS,
            samples.HTTP + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(samples.METRICS, mtime=0),
            b"HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0\r\n\r\n" + samples.OPEN,
        ),
    ),
    Target(name="page", read=readers.page, seeds=(b"t" + samples.METRICS, b"o" + samples.OPEN)),
    Target(
        name="query_answer",
        read=readers.query_answer,
        seeds=(
            samples.answer(
                "vector", [{"metric": {"__name__": "up"}, "value": [1.5, "1"]}], warnings=["w"], isPartial=True
            ),
            samples.answer("scalar", [1.5, "2"]),
            samples.answer("string", [1.5, "text"]),
            samples.answer("matrix", samples.SERIES),
            samples.answer(
                "vector",
                [{"metric": {}, "histogram": [1, {"count": "1", "sum": "2", "buckets": [[0, "0", "1", "1"]]}]}],
            ),
            samples.as_json({"status": "error", "errorType": "bad_data", "error": "no"}),
        ),
    ),
    Target(
        name="range_answer", read=readers.range_answer, seeds=(samples.answer("matrix", samples.SERIES, infos=["i"]),)
    ),
    Target(
        name="expression",
        read=readers.expression,
        seeds=(
            b"sum by (a) (rate(orders_total{status=~\"5..\",x!='y'}[5m] offset 1h @ start())) > bool 0.5e3",
            b'label_replace(up, "a", `$1`, "b", "(.*)") # and more\n or on() group_left() {__name__="x"}',
        ),
    ),
    Target(
        name="notation", read=readers.notation, seeds=(b"0+10x5 _x3 1 2.5 -3e2 stale NaN Inf", b'up{a="b",c="d\\"e"}')
    ),
    Target(
        name="storm_plan",
        read=readers.storm_plan,
        seeds=(
            b'{"planned": [{"fault": "a: x", "at": 1.5, "lasting": 1}], "seconds": 3, "at_most": 2, "seed": 7}',
            b'{"planned": [{"fault": "b: y", "at": 0, "lasting": 0.5}], "seconds": 1e2, "at_most": 1}',
        ),
    ),
    Target(
        name="placeholders",
        read=readers.placeholders,
        seeds=(
            b"--port {port[http]} {{}} {host}:{port} {dir}/{name}.conf {secret!r:>20}",
            b"{port:{host}} {dir!z} {rig}",
        ),
    ),
    Target(name="record", read=readers.record, allowed=NO_ERROR, seeds=(samples.as_json(samples.RECORD), b"{}", b"[]")),
    Target(
        name="tar",
        read=readers.tarred,
        allowed=(BadArchive,),
        seeds=(samples.TAR, samples.tar_of(("a", tarfile.REGTYPE, b"x"))),
    ),
    Target(
        name="zip",
        read=readers.zipped,
        allowed=(BadArchive,),
        seeds=(samples.zip_of(["d/", "d/a", "b"], zipfile.ZIP_DEFLATED), samples.zip_of(["a"], zipfile.ZIP_STORED)),
    ),
    Target(
        name="checksums",
        read=readers.checksums,
        allowed=(CannotDeliver,),
        seeds=(
            samples.SUM + b"  tool-1.0.tar.gz\n" + samples.SUM + b" *other\n",
            samples.SUM + b"  ./tool-1.0.tar.gz\r\n",
        ),
    ),
    Target(
        name="version",
        read=readers.version,
        allowed=(MetricrigError, CannotDeliver),
        seeds=(b">=1.6,<2", b"7.2.5", b"~=2.42", b"==1.*", b"1.0rc1+local"),
    ),
    Target(
        name="address", read=readers.address, seeds=(b"http://127.0.0.1:8428/base?a=b", b"https://[::1]:80", b"host:1")
    ),
    Target(
        name="output",
        read=readers.output,
        allowed=(OSError, ValueError),
        seeds=(b"\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err", b"\1\0\0\0\0\0\0\0"),
    ),
    Target(
        name="toxiproxy_requests",
        read=readers.toxiproxy_requests,
        allowed=NO_ERROR,
        seeds=(
            samples.posted(b"/proxies", b'{"name": "a", "listen": "localhost:0", "upstream": "b:1", "enabled": false}')
            + samples.posted(b"/proxies/a/toxics", b'{"type": "latency", "toxicity": 0.5, "attributes": {"jitter": 1}}')
            + samples.posted(b"/proxies/a/toxics/latency_downstream", b'{"attributes": {"latency": 5}}')
            + b"GET /proxies/a HTTP/1.1\r\n\r\nDELETE /proxies/a HTTP/1.1\r\n\r\n",
            samples.posted(b"/populate", b'[{"name": "x", "upstream": "[::1]:9", "listen": ":1"}, null, {"NAME": 1}]'),
            b"POST /populate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n[]\r\n0\r\nA: b\r\n\r\n",
            b"GET http://x/version?a=%20 HTTP/1.0\r\nUser-Agent: Mozilla/5.0\r\nExpect: 100-continue\r\n\r\n",
        ),
    ),
    Target(name="snappy", read=readers.snappy, allowed=NO_ERROR, seeds=(b"a\0bc\0\0" + b"d" * 200, b"")),
)
"""By the order in which time is given to them."""
