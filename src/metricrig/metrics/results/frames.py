"""Results as a pandas frame, where pandas is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.errors import Unavailable
from metricrig.metrics.results import equality
from metricrig.metrics.results.labels import written

if TYPE_CHECKING:
    from metricrig.metrics.results.data import Result


def frame(result: Result) -> Any:
    """Times down, one column for each series; NaN where a series has no sample."""
    pandas = _pandas()
    columns = {
        written(dict(labels)): pandas.Series(values, index=pandas.to_datetime(list(times), unit="s", utc=True))
        for labels, (times, values) in equality.points(result).items()
    }
    return pandas.DataFrame(columns)


def _pandas() -> Any:
    import importlib  # noqa: PLC0415 - an optional library, of no use to most

    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise Unavailable(
            "frame()", reason="pandas is not installed", remedy="pip install pandas, or use by() and values"
        ) from None
