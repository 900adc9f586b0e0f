from __future__ import annotations

from collections.abc import Iterator

import pytest
from metrics.expect.engines import SERVERS, Real, started


@pytest.fixture(scope="session", params=SERVERS)
def real(request: pytest.FixtureRequest) -> Iterator[Real]:
    yield from started(request.param)


@pytest.fixture(scope="session", params=[name for name in SERVERS if name.startswith("victoria")])
def victoria(request: pytest.FixtureRequest) -> Iterator[Real]:
    yield from started(request.param)
