"""Percentiles are right to the histogram's precision."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from metricrig.load.latencies import Latencies


def test_percentiles_equal_those_of_the_sorted_values() -> None:
    chance = random.Random(3)
    values = [chance.lognormvariate(-5, 2) for _ in range(20_000)]
    latencies = Latencies(values)
    for percent in (50, 90, 99, 99.9):
        exact = sorted(values)[round(percent / 100 * len(values)) - 1]
        assert latencies.percentile(percent) == pytest.approx(exact, rel=1e-3)
    assert latencies.longest == max(values)
    assert latencies.percentile(100) <= max(values)
    assert latencies.mean == pytest.approx(sum(values) / len(values), rel=1e-3)


def test_values_of_any_size_are_kept() -> None:
    assert Latencies([1e-9]).percentile(50) == pytest.approx(1e-9)
    assert Latencies([100_000.0]).percentile(50) == pytest.approx(3600, rel=1e-3)


def test_a_machine_without_the_package_is_told_what_to_install() -> None:
    code = "import sys; sys.modules['hdrh'] = None\nfrom metricrig.load.latencies import Latencies; Latencies()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'metricrig[load]'" in done.stderr


def test_the_package_is_imported_by_those_who_measure() -> None:
    code = "import sys; from metricrig import load; load.open_loop, load.Run; assert 'hdrh' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
