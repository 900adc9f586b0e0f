"""The fixtures that every test can ask for: rigs, and for each service of the catalogue a server and a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from metricrig.pytest_plugin.factories import isolated, service
from metricrig.pytest_plugin.session import session_of
from metricrig.services import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.pytest_plugin.rig_benchmark import RigBenchmark
    from metricrig.rig import Rig
    from metricrig.services.entry import CatalogueEntry


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A fresh rig for this test; whatever it is, it is gone afterwards."""
    with session_of(request.config).new_rig("test") as rig:
        yield rig


@pytest.fixture(scope="session")
def session_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A rig for the whole session (of this worker, in a parallel run): add to it what many tests need."""
    with session_of(request.config).new_rig("session") as rig:
        yield rig


@pytest.fixture
def rig_chaos_seed(request: pytest.FixtureRequest) -> int:
    """A seed of this test's own, for all that it leaves to chance: --rig-chaos-seed has the same again."""
    return session_of(request.config).chaos.seed_of(request.node)


@pytest.fixture
def rig_benchmark(request: pytest.FixtureRequest) -> RigBenchmark:
    """Time calls in turn, and fail if one is proven to be slower than the limit: than the first, or than it was."""
    from metricrig.pytest_plugin.rig_benchmark import RigBenchmark  # noqa: PLC0415 - few tests are benchmarks

    return RigBenchmark(request.node.nodeid, request.config, session_of(request.config).settings)


@pytest.fixture(scope="session")
def rig_quick(request: pytest.FixtureRequest) -> bool:
    """Whether --rig-quick was given: the essential cases, with little traffic."""
    return session_of(request.config).settings.quick


def service_fixtures() -> dict[str, Any]:
    """Two for each service, by name. No service is imported before a test asks for it."""
    return dict(pair for entry in CATALOGUE if entry.fixture for pair in _pair(entry))


def _pair(entry: CatalogueEntry) -> Iterator[tuple[str, Any]]:
    server = f"{entry.module}_server"

    def describe() -> Any:
        return entry.for_tests()

    describe.__doc__ = f"The session's {entry.service}{'' if entry.shared else ': one for each worker'}."
    yield server, service(describe, shared=entry.shared, name=server)
    yield entry.module, isolated(server, name=entry.module)
