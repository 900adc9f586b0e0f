"""Versions that a test compares: where one cannot be had, the test says so and is skipped."""

from __future__ import annotations

import pytest

from metricrig import Service, ToolUnavailable
from metricrig.tools import obtain


def had_or_skip(*services: Service) -> None:
    """Obtain the tools of these services, or skip with every source's reason."""
    for service in services:
        assert service.tool is not None
        try:
            obtain(service.tool, service.version)
        except ToolUnavailable as lacking:
            pytest.skip(str(lacking))
