"""Versions that a test compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.tools import obtain

if TYPE_CHECKING:
    from metricrig import Service


def obtain_all(*services: Service) -> None:
    """The tools of these services. What cannot be had skips the test, or fails it in CI: the plugin sees to that."""
    for service in services:
        assert service.tool is not None
        obtain(service.tool, service.version)
