"""What the tests share: a store of each version, and the HTTP API that writes into it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from programs import api_service
from receiver import Receiver
from stores import STORES, store_service

from metricrig import Instance, Service
from metricrig.pytest import service


@pytest.fixture(scope="session", params=STORES)
def described(request: pytest.FixtureRequest) -> Service:
    """Each store in its turn: whatever asks for ``store``, ``api`` or this, runs with all of them."""
    wanted: str = request.param
    return store_service(wanted)


@service
def store(described: Service) -> Service:
    """The session's store of this version: many tests share it, so each writes a series of its own."""
    return described


@service(shared=False)
def api(store: Instance) -> Service:
    """The HTTP API, writing into ``store``: one for each worker, or tests of other workers would be counted too."""
    return api_service(store)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A metric that nobody else writes."""
    return f"{re.sub('[^a-z_]', '_', request.function.__name__)}_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A store that answers as it is told: for what a real one does only now and then."""
    with Receiver() as receiver:
        yield receiver
