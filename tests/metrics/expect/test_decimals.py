"""What VictoriaMetrics gives back of floats of any size is as near as was said, and is exact where that was said."""

from __future__ import annotations

import numpy as np
import pytest
from metrics.expect.engines import Real
from numpy.typing import NDArray

from metricrig.metrics.expect.decimals import lost

Kinds = dict[str, NDArray[np.float64]]


@pytest.mark.parametrize(
    "exact",
    [
        [],
        [0, 0],
        [1, 2**53 - 1, 10**15],
        [0.1, 0.25, 12.345, 1000],
        [np.inf, -np.inf, np.nan, 5],
        [-3, -0.001],
    ],
)
def test_whole_numbers_and_short_decimals_are_kept_as_they_are(exact: list[float]) -> None:
    assert not lost(np.array(exact, dtype=np.float64)).any()


def test_a_large_number_takes_the_digits_of_a_small_one() -> None:
    assert lost(np.array([1.2345678901234567e20, 1.0]))[1] == pytest.approx(1, rel=1e-9)
    assert 0 < lost(np.array([1 / 3]))[0] < 1e-12


def kinds(chance: np.random.Generator, count: int) -> Kinds:
    return {
        "normal": chance.normal(size=count),
        "tenths": np.cumsum(np.full(count, 0.1)),
        "sizes": chance.normal(size=count) * 10.0 ** chance.integers(-30, 30, count),
        "billions": 1e9 + np.cumsum(chance.random(count)),
        "thousandths": np.round(chance.random(count) * 1000, 3),
        "whole": chance.integers(0, 2**53, count).astype(np.float64),
        "far": chance.random(count) * 10.0 ** float(chance.integers(-300, 300)),
        "beyond": chance.integers(0, 2**60, count).astype(np.float64),
        "limits": np.where(chance.random(count) < 0.5, 0, 1.797e308 * chance.random(count)),
        "sevenths": chance.integers(0, 10**15, count) / 7,
    }


def test_what_is_given_back_is_as_near_as_was_said(victoria: Real) -> None:
    for seed in range(10):
        grid = victoria.isolated(start="2024-01-01T10:00:00Z", every=1, length=29)
        written = kinds(np.random.default_rng(seed), 30)
        for kind, values in written.items():
            grid.series(f'stored{{kind="{kind}"}}', " ".join(map(repr, values.tolist())))
        victoria.write(grid)
        found = victoria.promql.export(f'stored{{test="{grid.extra["test"]}"}}', start=grid.start, end=grid.end + 1)
        assert len(found.series) == len(written)
        for series in found.series:
            values = written[series.labels["kind"]]
            off = np.abs(np.array(series.values) - values)
            assert (off <= lost(values)).all(), series.labels["kind"]
            if series.labels["kind"] in {"normal", "billions", "sevenths", "thousandths", "whole"}:
                assert (lost(values) < 1e-11 * np.abs(values).max()).all()
