"""What we encode by hand, read by a real snappy and a real protobuf."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import cramjam
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from support.official import Request, WriteRequest

from metricrig import Timeline, UsageError
from metricrig.metrics.remote_write import Body, payload
from metricrig.metrics.remote_write.body_batches import BODY_BYTES, bodies
from metricrig.metrics.remote_write.wire import snappy, varint
from metricrig.metrics.timeline import STALE_BITS, Block, Metadata

START = 1704067200000


def block(labels: list[dict[str, str]], times: list[int], values: Any = None, present: Any = None) -> Block:
    shape = (len(labels), len(times))
    if values is None:
        values = np.arange(len(labels) * len(times), dtype=float).reshape(shape)
    if present is None:
        present = np.ones(shape, dtype=bool)
    return Block(labels, np.array(times, dtype=np.int64), values, present)


def unpacked(data: bytes) -> bytes:
    return bytes(cramjam.snappy.decompress_raw(data))


def read_v1(data: bytes) -> list[tuple[list[tuple[str, str]], list[tuple[int, bytes]]]]:
    request = WriteRequest.FromString(unpacked(data))
    return [
        (
            [(each.name, each.value) for each in series.labels],
            [(each.timestamp, struct.pack("<d", each.value)) for each in series.samples],
        )
        for series in request.timeseries
    ]


def read_v2(data: bytes) -> list[tuple[list[tuple[str, str]], list[tuple[int, bytes]]]]:
    request = Request.FromString(unpacked(data))
    assert request.symbols[0] == ""
    found = []
    for series in request.timeseries:
        words = [request.symbols[number] for number in series.labels_refs]
        samples = [(each.timestamp, struct.pack("<d", each.value)) for each in series.samples]
        found.append((list(zip(words[::2], words[1::2], strict=True)), samples))
    return found


def about(bodies_: Iterable[Body]) -> dict[tuple[str, ...], tuple[int, str, str]]:
    """The metadata of each series in these requests, by its labels."""
    found = {}
    for body in bodies_:
        request = Request.FromString(unpacked(body.data))
        words = list(request.symbols)
        for series in request.timeseries:
            told = series.metadata
            labels = tuple(words[number] for number in series.labels_refs)
            found[labels] = (told.type, words[told.help_ref], words[told.unit_ref])
    return found


READERS = {1: read_v1, 2: read_v2}


def expected(blocks: list[Block]) -> dict[tuple[tuple[str, str], ...], list[tuple[int, bytes]]]:
    wanted: dict[tuple[tuple[str, str], ...], list[tuple[int, bytes]]] = {}
    for each in blocks:
        raw = np.ascontiguousarray(each.values).view(np.uint64)
        for row, labels in enumerate(each.labels):
            key = tuple(sorted((name, value) for name, value in labels.items() if value))
            for column in np.flatnonzero(each.present[row]):
                bits = int(raw[row, column]).to_bytes(8, "little")
                wanted.setdefault(key, []).append((int(each.times[column]), bits))
    return wanted


def read(blocks: list[Block], version: int, **options: Any) -> dict[tuple[tuple[str, str], ...], Any]:
    found: dict[tuple[tuple[str, str], ...], list[tuple[int, bytes]]] = {}
    for body in bodies(blocks, version=version, **options):
        series = READERS[version](body.data)
        assert (len(series), sum(len(samples) for _, samples in series)) == (body.series, body.samples)
        for labels, samples in series:
            assert labels == sorted(labels)
            found.setdefault(tuple(labels), []).extend(samples)
    return found


EDGES = [-(2**63), -1, 0, 1, 127, 128, 2**14 - 1, 2**14, 2**35 - 1, 2**35, START, 2**42 - 1, 2**42, 2**62, 2**63 - 1]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("in_time_order", [False, True])
def test_every_width_of_timestamp_is_read_back(version: int, in_time_order: bool) -> None:
    blocks = [block([{"__name__": "m", "a": "b"}, {"__name__": "n"}], EDGES)]
    assert read(blocks, version, in_time_order=in_time_order) == expected(blocks)


@pytest.mark.parametrize("version", [1, 2])
def test_values_are_read_back_bit_by_bit(version: int) -> None:
    bits = [STALE_BITS, 0x7FF8000000000001, 0x7FF0000000000001, 0xFFF8000000000000, 1, 1 << 63, 0x7FEFFFFFFFFFFFFF]
    values = np.array([bits], dtype=np.uint64).view(np.float64)
    blocks = [block([{"__name__": "m"}], [START + step for step in range(len(bits))], values)]
    assert read(blocks, version) == expected(blocks)
    assert values[0, 5] == 0
    assert math.copysign(1, values[0, 5]) == -1


@pytest.mark.parametrize("version", [1, 2])
def test_labels_are_sorted_and_empty_ones_dropped(version: int) -> None:
    labels = {"zone": "München", "Upper": 'é\n"\\', "__name__": "m", "none": "", "emoji": "🦀", "long": "x" * 10240}
    blocks = [block([labels], [START])]
    assert read(blocks, version) == expected(blocks)
    (found,) = read(blocks, version)
    assert [name for name, _ in found] == ["Upper", "__name__", "emoji", "long", "zone"]


@pytest.mark.parametrize("version", [1, 2])
@settings(max_examples=60, deadline=None)
@given(data=some.data())
def test_any_blocks_are_read_back(version: int, data: some.DataObject) -> None:
    blocks = []
    for number in range(data.draw(some.integers(1, 3))):
        rows, columns = data.draw(some.integers(1, 5)), data.draw(some.integers(1, 9))
        labels = [{"__name__": f"m{number}", "row": str(row), **data.draw(LABELS)} for row in range(rows)]
        times = sorted(data.draw(some.sets(some.integers(-(2**63), 2**63 - 1), min_size=columns, max_size=columns)))
        mask = data.draw(some.lists(some.booleans(), min_size=rows * columns, max_size=rows * columns))
        blocks.append(block(labels, times, present=np.array(mask, dtype=bool).reshape(rows, columns)))
    options = {"in_time_order": data.draw(some.booleans()), "samples": data.draw(some.integers(1, 12))}
    assert read(blocks, version, **options) == expected(blocks)


LABELS = some.dictionaries(some.text(min_size=1, max_size=5), some.text(max_size=200), max_size=4)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("in_time_order", [False, True])
def test_many_series_of_several_kinds_are_read_back(version: int, in_time_order: bool) -> None:
    kinds: list[dict[str, str]] = [{"job": "shop"}, {"le": "0.5", "job": ""}, {"le": "10"}, {}]
    labels = [{"__name__": f"m{row % 3}", "row": str(row), **kinds[row // 5 % 4]} for row in range(2500)]
    present = np.random.default_rng(1).random((2500, 7)) < 0.6
    present[1000:2000] = True
    blocks = [block(labels, list(range(START, START + 7)), present=present)]
    assert read(blocks, version, in_time_order=in_time_order, samples=3000) == expected(blocks)


def test_in_time_order_no_request_is_older_than_the_one_before() -> None:
    times = list(range(START, START + 100_000, 1000))
    first = block([{"__name__": "m", "row": str(row)} for row in range(10)], times)
    second = block([{"__name__": "n"}], times[50:])
    spans = []
    for body in bodies([first, second], in_time_order=True, samples=110):
        at = [when for _, samples in read_v1(body.data) for when, _ in samples]
        spans.append((min(at), max(at)))
    assert len(spans) == 10
    assert all(before[1] < after[0] for before, after in pairwise(spans))


COUNTER, GAUGE, HISTOGRAM, SUMMARY, INFO = 1, 2, 3, 5, 6


def test_a_timeline_tells_type_help_and_unit_of_each_series() -> None:
    grid = Timeline(start="2024-01-01T00:00:00Z", every="30s", length="5m")
    requests = grid.counter("requests_total")
    early = requests.labels(status="200").inc(5)
    requests.describe("Requests that were answered.").labels(status="404").inc(7)
    grid.gauge("temperature_celsius").describe("Of the room.", unit="celsius").set(20)
    grid.histogram("took_seconds", buckets=[1]).observe(0.5, at=3)
    grid.summary("size_bytes", quantiles=[0.5]).describe("Of answers.", unit="bytes").observe(3, at=3)
    grid.counters("many_total", 200).describe("Many.")
    grid.series('written{a="b"}', "1 2")
    assert early.series
    found = about(bodies(grid.blocks(), version=2, samples=70))
    told = {name: {each for key, each in found.items() if key[1] == name} for name in {key[1] for key in found}}
    assert told == {
        "requests_total": {(COUNTER, "Requests that were answered.", "")},
        "temperature_celsius": {(GAUGE, "Of the room.", "celsius")},
        **{f"took_seconds_{part}": {(HISTOGRAM, "", "")} for part in ("bucket", "sum", "count")},
        **{f"size_bytes{part}": {(SUMMARY, "Of answers.", "bytes")} for part in ("", "_sum", "_count")},
        "many_total": {(COUNTER, "Many.", "")},
        "written": {(0, "", "")},
    }


def test_metadata_of_a_block_stay_with_their_series_where_others_have_no_samples() -> None:
    labels = [{"__name__": f"m{row}"} for row in range(40)]
    metadata = [Metadata("info" if row % 2 else "gauge", f"help {row}", "" if row % 3 else "V") for row in range(40)]
    present = np.ones((40, 3), dtype=bool)
    present[::7] = False
    present[3, 1] = False
    plain = block(labels, [START, START + 1, START + 2], present=present)
    found = about(bodies([replace(plain, metadata=metadata)], version=2, samples=10, extra={"view": "mine"}))
    assert found == {
        ("__name__", f"m{row}", "view", "mine"): (
            INFO if row % 2 else GAUGE,
            f"help {row}",
            "" if row % 3 else "V",
        )
        for row in range(40)
        if row % 7
    }


def test_metadata_change_nothing_of_samples_and_nothing_at_all_of_version_1() -> None:
    plain = block([{"__name__": "m", "a": "b"}, {"__name__": "n"}], [START])
    told = replace(plain, metadata=[Metadata("counter", "one"), Metadata("gauge", "m")])
    assert read([told], 2) == read([plain], 2)
    assert [body.data for body in bodies([told])] == [body.data for body in bodies([plain])]


def test_a_type_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(UsageError, match="one of unknown, counter, gauge"):
        Metadata("count")  # type: ignore[arg-type]


def test_extra_labels_are_on_every_series() -> None:
    blocks = [block([{"__name__": "m"}, {"__name__": "n", "view": "old"}], [START])]
    assert list(read(blocks, 1, extra={"view": "mine"})) == [
        (("__name__", "m"), ("view", "mine")),
        (("__name__", "n"), ("view", "mine")),
    ]


def test_bodies_are_many_samples_and_never_more_than_receivers_take() -> None:
    large = [{"__name__": "m", "long": "x" * 10240, "row": str(row)} for row in range(6000)]
    several = list(bodies([block(large, [START])]))
    assert [len(body.data) < BODY_BYTES + 20_000 for body in several] == [True] * 3
    assert sum(body.samples for body in several) == 6000
    small = [block([{"__name__": f"m{number}"}], [START]) for number in range(9000)]
    assert [body.samples for body in bodies(small)] == [9000]


def test_bodies_are_made_one_at_a_time() -> None:
    def endless() -> Any:
        while True:
            yield block([{"__name__": "m"}], list(range(START, START + 20_000)))

    made = bodies(endless())
    assert [next(made).number for _ in range(3)] == [1, 2, 3]


def test_nothing_to_write_is_no_request() -> None:
    empty = block([{"__name__": "m"}], [START], present=np.zeros((1, 1), dtype=bool))
    for in_time_order in (False, True):
        assert list(bodies([], in_time_order=in_time_order)) == []
        assert list(bodies([empty, block([], [START]), block([{"a": "b"}], [])], in_time_order=in_time_order)) == []


def test_one_sample_is_a_body() -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    for version, reader in READERS.items():
        assert reader(payload("up", -0.0, {"job": "x", "no": ""}, moment, version=version)) == [
            ([("__name__", "up"), ("job", "x")], [(START, struct.pack("<d", -0.0))])
        ]
    assert read_v1(payload("up", 1, timestamp=-1.5))[0][1][0][0] == -1500


def test_words_that_are_no_unicode_are_named() -> None:
    with pytest.raises(UsageError, match="valid Unicode"):
        payload("up", 1, {"a": "\ud800"})


def test_one_sample_needs_no_numpy() -> None:
    program = """
import sys
sys.modules["numpy"] = None
from metricrig.metrics.remote_write import payload
from metricrig.metrics.store import VictoriaMetricsStore, PrometheusStore
print(len(payload("up", 1)), "urllib3" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split()[1] == "False"


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32, 2**63 - 1, -1, -(2**63)])
def test_numbers_are_varints(number: int) -> None:
    decoded = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(varint(number)))
    assert decoded == number % 2**64


@pytest.mark.parametrize("size", [0, 1, 60, 61, 65536, 70000, 1 << 20])
def test_a_literal_block_is_snappy(size: int) -> None:
    assert unpacked(snappy([b"a" * size])) == b"a" * size
