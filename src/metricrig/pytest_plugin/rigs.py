"""Rigs as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from metricrig.pytest_plugin.session import session_of
from metricrig.pytest_plugin.values import MADE_BY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.rig import Rig


def _rig(request: pytest.FixtureRequest, name: str, key: object) -> Iterator[Rig]:
    session = session_of(request.config)
    with session.new_rig(name) as rig, session.fixtures.holding(key, rig):
        yield rig


def _new_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A fresh rig for this test; whatever it is, it is gone afterwards."""
    yield from _rig(request, "test", _new_rig)


def _session_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A rig for the whole session (of this worker, in a parallel run): add to it what many tests need."""
    yield from _rig(request, "session", _session_rig)


for _function in (_new_rig, _session_rig):
    setattr(_function, MADE_BY, _function)

rig = pytest.fixture(name="rig")(_new_rig)
session_rig = pytest.fixture(name="session_rig", scope="session")(_session_rig)


@pytest.fixture(scope="session")
def rig_quick(request: pytest.FixtureRequest) -> bool:
    """Whether --rig-quick was given: the essential cases, with little traffic."""
    return session_of(request.config).settings.quick
