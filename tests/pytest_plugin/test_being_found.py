"""Who has installed metricrig has the plugin."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

import metricrig.pytest_plugin


def test_pytest_finds_the_plugin_by_itself(pytestconfig: pytest.Config) -> None:
    assert [each.load() for each in entry_points(group="pytest11", name="metricrig")] == [metricrig.pytest_plugin]
    assert pytestconfig.pluginmanager.hasplugin("metricrig")
