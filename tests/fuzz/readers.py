"""Readers of foreign data, each as a function of the bytes that come."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tempfile
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import cramjam
from fuzz.server import CannedServer

from metricrig import MetricrigError
from metricrig.faults.storms.storm_plan import StormPlan
from metricrig.janitor import found_rigs
from metricrig.janitor.protocol import MessageBuffer
from metricrig.janitor.rig_record import FILE
from metricrig.load.benchmarks.benchmark_json import saved_rounds
from metricrig.load.requests.answer_reader import AnswerReader
from metricrig.metrics.exposition import Page
from metricrig.metrics.http.client import Server
from metricrig.metrics.promql.client import Promql
from metricrig.metrics.promql.selector_rewrite import confined
from metricrig.metrics.remote_write.wire import snappy as snappy_of
from metricrig.metrics.remote_write.wire import varint
from metricrig.metrics.scraping.endpoint import read
from metricrig.metrics.timeline import notation as series_notation
from metricrig.placement import Placement, Ports
from metricrig.relay.toxiproxy.api import answer
from metricrig.relay.toxiproxy.api_errors import ApiError
from metricrig.relay.toxiproxy.http_conversation import HttpConversation
from metricrig.relay.toxiproxy.proxies import Proxies
from metricrig.runtimes.docker.output_stream import OutputStream
from metricrig.services import REDIS, resp_protocol
from metricrig.services.postgresql.wire import PostgreSQLConnection
from metricrig.tools.archive_extraction import unpack
from metricrig.tools.checksums import published
from metricrig.tools.tool_request import request_for, target

if TYPE_CHECKING:
    from metricrig.relay.toxiproxy.proxy_routes import ProxyRoutes


@cache
def server() -> CannedServer:
    """One for all targets that need a connection."""
    return CannedServer()


@cache
def scratch() -> Path:
    """A directory for what is read from files."""
    return Path(tempfile.mkdtemp(prefix="metricrig-fuzz-"))


def text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def janitor_messages(data: bytes) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb") as file:
        file.write(data[:65536])
        file.close()
        inbox = MessageBuffer(reading)
        while inbox.receive() is not None:
            pass


def postgresql(data: bytes) -> None:
    address = server().saying(data).address
    with PostgreSQLConnection("postgresql", address, user="test", password="secret", database="test") as connection:
        assert isinstance(connection.version, int)
        connection.query("SELECT 1")


def resp_replies(data: bytes) -> None:
    resp_protocol.converse("redis", server().saying(data).address, [["PING"], ["SCRIPT", "LIST"]])


def http_answer_in_pieces(data: bytes) -> None:
    """What comes over a connection of load, in pieces as the first byte says."""
    reader = AnswerReader(bodiless=False)
    size = data[0] + 1 if data else 1
    for start in range(1, len(data), size):
        if reader.feed(data[start : start + size]):
            return


def benchmark_file(data: bytes) -> None:
    """A baseline that lies in a repository."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "baseline.json"
        path.write_bytes(data)
        saved_rounds(path)


def http_answer(data: bytes) -> None:
    client = Server(server().saying(data).url)
    try:
        assert isinstance(client.get("/page", within=5).text, str)
    finally:
        client.close()


def scraped(data: bytes) -> None:
    _all_of(read(f"{server().saying(data).url}/metrics", timeout=5))


def page(data: bytes) -> None:
    kind, text = data[:1], data[1:]
    _all_of(Page(text, "application/openmetrics-text; version=1.0.0" if kind == b"o" else None))


def _all_of(page: Page) -> None:
    page.samples("up")
    with contextlib.suppress(MetricrigError):
        page.value("orders_total")
    for sample in page:
        assert str(sample)
    assert page.families is not None


def query_answer(data: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data)
    client = Promql(server().saying(head + data).url, within=5)
    try:
        assert str(client.query("up")) is not None
    finally:
        client.server.close()


def range_answer(data: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data)
    client = Promql(server().saying(head + data).url, within=5)
    try:
        assert str(client.query_range("up", 0, 60, 15)) is not None
    finally:
        client.server.close()


def expression(data: bytes) -> None:
    confined(text(data), 'test="a"')


def notation(data: bytes) -> None:
    with contextlib.suppress(MetricrigError):
        series_notation.series(text(data))
    series_notation.values(text(data))


def storm_plan(data: bytes) -> None:
    plan = StormPlan.from_json(text(data))
    assert str(plan)
    assert StormPlan.from_json(plan.as_json()) == plan


PLACEMENT = Placement(
    rig="rig", name="shop", host="127.0.0.1", port=Ports({"http": 80, "grpc": 81}), dir=Path("/dir"), secret="secret"
)


def placeholders(data: bytes) -> None:
    rendered = PLACEMENT.render(text(data))
    assert isinstance(rendered, str)
    assert len(rendered) < 1 << 20


def record(data: bytes) -> None:
    root = scratch() / "records"
    directory = root / "shop-1"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    (directory / FILE).write_bytes(data)
    for found in found_rigs.find([root]):
        assert str(found)


def tarred(data: bytes) -> None:
    _unpacked("archive.tar.gz", gzip.compress(data, 0))


def zipped(data: bytes) -> None:
    _unpacked("archive.zip", data)


def _unpacked(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=scratch()) as directory:
        archive = Path(directory) / "in" / name
        archive.parent.mkdir()
        archive.write_bytes(data)
        try:
            unpack(archive, Path(directory) / "in" / "out")
        finally:
            assert os.listdir(directory) == ["in"]  # noqa: PTH208 - a list of names
            assert set(os.listdir(archive.parent)) <= {name, "out"}  # noqa: PTH208 - see above


def checksums(data: bytes) -> None:
    expected = published(text(data), "tool-1.0.tar.gz", "the release")
    assert len(expected.sha256) == 64


def version(data: bytes) -> None:
    request = request_for(REDIS, text(data).replace("\0", ""), None)
    assert request.satisfied_by("7.0.15") in {True, False}
    target(request)


def address(data: bytes) -> None:
    Server(text(data)).address("/metrics")


def output(data: bytes) -> None:
    answer = SimpleNamespace(raw=SimpleNamespace(_fp=SimpleNamespace(fp=io.BytesIO(data))), close=bool)
    socket: Any = SimpleNamespace(settimeout=lambda _: None, close=bool)
    stream = OutputStream(SimpleNamespace(_response=answer, _sock=socket, close=bool))
    stream.pour(scratch() / "out", scratch() / "err")


def snappy(data: bytes) -> None:
    """Ours is the writer here: a real reader has to find in it what was put in."""
    pieces = data.split(b"\0")
    assert bytes(cramjam.snappy.decompress_raw(snappy_of(pieces))) == b"".join(pieces)
    number = int.from_bytes(data[:8], "little")
    assert _unsigned(varint(number)) == number


def _unsigned(encoded: bytes) -> int:
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(encoded))


class NoRelay:
    """Proxies of which none has a route: what is fuzzed is what a client says, not what comes of it."""

    def known(self) -> dict[str, Any]:
        return {}

    def open(self, _: object) -> str:
        raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "there is no relay")


def toxiproxy_requests(data: bytes) -> None:
    proxies = Proxies(cast("ProxyRoutes", NoRelay()))
    whole = HttpConversation(lambda request: answer(request, proxies)).receive(data)
    assert not whole or whole.startswith(b"HTTP/1.1 ")
    in_pieces = HttpConversation(lambda request: answer(request, Proxies(cast("ProxyRoutes", NoRelay()))))
    for start in range(0, len(data), 7):
        in_pieces.receive(data[start : start + 7])
