"""Rigs as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from metricrig.pytest_plugin.session import session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.rig import Rig


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


@pytest.fixture(scope="session")
def rig_quick(request: pytest.FixtureRequest) -> bool:
    """Whether --rig-quick was given: the essential cases, with little traffic."""
    return session_of(request.config).settings.quick
