"""An entry of the catalogue: what is known of a service without importing it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from metricrig._core.frozen_class import frozen_by_name

if TYPE_CHECKING:
    from metricrig.service import Service
    from metricrig.tools import Tool

SHARED = "shared_by_workers"
FOR_TESTS = "for_tests"


@frozen_by_name
class CatalogueEntry:
    """One service. Its file's name is the name of its fixtures: ``redis`` and ``redis_server``."""

    module: str
    service: str
    """The class."""
    names: tuple[str, ...]
    """What its file exports."""
    tool: str = ""
    """The tool that it needs; empty for one that the application brings, such as Gunicorn."""
    tool_constant: str = ""
    fixture: bool = True
    """Whether it has fixtures: it can be described without knowing anything of the tests."""
    shared: bool = True
    """Whether the workers of a parallel test run can use one server."""

    def load(self, name: str) -> Any:
        """One of the names that it exports."""
        return getattr(importlib.import_module(f"metricrig.services.{self.module}"), name)

    def load_tool(self) -> Tool:
        """The tool that it needs."""
        tool: Tool = self.load(self.tool_constant)
        return tool

    def for_tests(self) -> Service:
        """The server that a test session shares: as the class says, else with nothing but defaults."""
        service = self.load(self.service)
        described: Service = getattr(service, FOR_TESTS, service)()
        return described
