"""The description of a Prometheus; what it does when it runs is in the tests of the whole catalogue."""

from __future__ import annotations

import pytest

from metricrig.services import PROMETHEUS


@pytest.mark.parametrize(
    ("version", "module"),
    [("3.5.0", "v0.305.0"), ("2.55.1", "v0.55.1"), ("3.11.2", "v0.311.2"), ("4.0.0", None), ("3.5", None)],
)
def test_prometheus_versions_become_module_versions(version: str, module: str | None) -> None:
    assert PROMETHEUS.golang is not None
    assert PROMETHEUS.golang.module_version(version) == module
