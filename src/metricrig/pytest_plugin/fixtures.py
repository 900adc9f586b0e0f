"""For each service of the catalogue two fixtures: the session's server, and a test's own part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.pytest_plugin.factories import isolated, service
from metricrig.services import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.services.entry import CatalogueEntry


def fixtures() -> dict[str, Any]:
    """All of them by name. No service is imported before a test asks for it."""
    return dict(pair for entry in CATALOGUE if entry.fixture for pair in _pair(entry))


def _pair(entry: CatalogueEntry) -> Iterator[tuple[str, Any]]:
    server = f"{entry.module}_server"

    def describe() -> Any:
        return entry.for_tests()

    describe.__doc__ = f"The session's {entry.service}{'' if entry.shared else ': one for each worker'}."
    yield server, service(describe, shared=entry.shared, name=server)
    yield entry.module, isolated(server, name=entry.module)
