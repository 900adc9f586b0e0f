"""One sample as one body, without numpy."""

from __future__ import annotations

import struct
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import number, text
from metricrig._core.errors import UsageError
from metricrig.metrics.remote_write.protocol_versions import FORMATS
from metricrig.metrics.remote_write.request_body import Body
from metricrig.metrics.remote_write.wire import field, snappy, varint
from metricrig.metrics.results import Matrix, Vector

if TYPE_CHECKING:
    from collections.abc import Mapping

    When = float | datetime | None
    from collections.abc import Iterable


def payload(
    name: str, value: float, labels: Mapping[str, str] | None = None, timestamp: When = None, *, version: int = 1
) -> bytes:
    """The body of a remote write request with one sample, ready to be sent; ``timestamp`` in seconds, or now."""
    return one(name, value, labels, milliseconds(timestamp), version=version).data


def one(name: str, value: float, labels: Mapping[str, str] | None, at: int, *, version: int = 1) -> Body:
    """The same as a request; ``at`` in milliseconds."""
    _check(name, value, labels or {})
    form = FORMATS[version]()
    (named,) = form.labels([{**(labels or {}), "__name__": name}])
    series = field(form.series_tag, named + sample(value, at))
    return Body(1, snappy([form.preface(), series]), 1, 1, form.headers)


def _check(name: str, value: float, labels: Mapping[str, str]) -> None:
    """What no server takes is not sent: some would answer well, and drop it."""
    number(name or "write", "value", value)
    for words in (name, *labels, *labels.values()):
        text("write", "a name or label", words, 'write("orders_total", 3, {"status": "ok"})')
    if not name:
        raise UsageError('a sample needs the name of its series: write("orders_total", 3)')
    if "" in labels:
        raise UsageError(f"{name}: a label needs a name, and {labels['']!r} has none")
    if labels.get("__name__", name) != name:
        raise UsageError(f"{name}: it cannot be called {labels['__name__']!r} as well, by its label __name__")


def sample(value: float, at: int) -> bytes:
    """``Sample{value=1, timestamp=2}`` as field 2 of its series."""
    return field(b"\x12", b"\x09" + struct.pack("<d", value) + b"\x10" + varint(at))


def milliseconds(when: When) -> int:
    """A moment in the unit of the protocol."""
    if when is None:
        return time.time_ns() // 1_000_000
    return round((when.timestamp() if isinstance(when, datetime) else when) * 1000)


def assert_label_exists(results: Matrix | Vector | Iterable[Mapping[str, Any]], name: str, value: str) -> None:
    """An ``AssertionError`` unless one of these has the label.

    ``results`` is a result, a list of label sets, or the ``result`` list of the API's own JSON.
    """
    several = list(_label_sets(results))
    values = sorted({labels[name] for labels in several if name in labels})
    if value not in values:
        there = ", ".join(map(repr, values)) or f"no label {name} at all"
        raise AssertionError(f"expected a series with {name}={value!r} among {len(several)}; there is {there}")


def _label_sets(results: Matrix | Vector | Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, str]]:
    if isinstance(results, Matrix | Vector):
        return (row.labels for row in results.rows())
    return (each["metric"] if isinstance(each.get("metric"), dict) else each for each in results)
