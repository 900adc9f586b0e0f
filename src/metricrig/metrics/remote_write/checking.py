"""Whether what was written came back with its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.metrics.results import Matrix, Vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    if isinstance(results, Matrix):
        return (each.labels for each in results.series)
    if isinstance(results, Vector):
        return (each.labels for each in results.samples)
    return (each["metric"] if isinstance(each.get("metric"), dict) else each for each in results)
