"""One scenario, two servers: the real Toxiproxy, and the API of our relay. Both have to do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.toxiproxy_client import ToxiproxyClient
from support.toxiproxy_server import toxiproxy
from support.upstreams import Upstream

from metricrig import Rig
from metricrig.errors import ToolUnavailable
from metricrig.janitor.client import janitor
from metricrig.relay.relay_process import RelayProcess

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def real_url() -> Iterator[str]:
    """Where the real Toxiproxy answers. It is built once for a machine; without Go there is nothing to compare with."""
    with Rig("toxiproxy") as rig:
        server = rig.add(toxiproxy("-proxy-metrics"))
        try:
            rig.start()
        except ToolUnavailable as error:
            pytest.skip(str(error))
        yield server.url


@pytest.fixture(scope="session")
def own_url() -> Iterator[str]:
    """Where a relay of ours answers."""
    with Rig("links") as rig:
        relay = RelayProcess(janitor(), rig=rig.id, directory=rig.directory)
        yield relay.toxiproxy_url
        relay.close()


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    """One of ours, for what only it does."""
    with Rig("links") as rig:
        made = RelayProcess(janitor(), rig=rig.id, directory=rig.directory)
        yield made
        made.close()


@pytest.fixture(params=["real", "own"])
def toxiproxy_api(request: pytest.FixtureRequest) -> Iterator[ToxiproxyClient]:
    """The API of each, without any proxy."""
    api = ToxiproxyClient(request.getfixturevalue(f"{request.param}_url"))
    yield api
    api.clear()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A server that says what it hears."""
    with Upstream() as server:
        yield server
