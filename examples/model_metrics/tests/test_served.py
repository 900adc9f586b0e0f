"""The application as it is deployed: a process, a port, an environment; and the demonstration's data in it."""

from __future__ import annotations

import base64
import hashlib
import re
import signal
import sys
from collections.abc import Iterator

import httpx
import pytest
import sample
import serve
from api import Api

from metricrig import Instance, Rig, Service, ServiceDied, Timeline, ready
from metricrig.metrics import VictoriaMetricsStore
from metricrig.pytest import service
from metricrig.services import VictoriaMetricsInstance


@pytest.fixture(scope="session")
def view(victoriametrics_server: VictoriaMetricsInstance) -> VictoriaMetricsStore:
    """A view for all tests of this module: they read, and what others write is not in it."""
    return victoriametrics_server.isolated()


@service(shared=False)  # a view belongs to one worker, and so does the application on it
def deployed(victoriametrics_server: VictoriaMetricsInstance, view: VictoriaMetricsStore) -> Service:
    """The application beside the session's store."""
    return serve.application(victoriametrics_server.inside.url, view.parameters).but(needs=[victoriametrics_server])


@pytest.fixture
def client(deployed: Instance) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=deployed.url) as client:
        yield client


@pytest.fixture(scope="session")
def shown(view: VictoriaMetricsStore) -> Timeline:
    """The demonstration's data."""
    grid = sample.timeline(1_704_110_400)
    view.ingest(grid)
    return grid


def test_the_demonstration_has_something_to_show(client: httpx.Client, shown: Timeline) -> None:
    api = Api(client, shown, sample.TOKENS["acme"], model="llama-70b-v3")
    length = sample.HOURS * 3600
    volume = api.at("volume", length, window=length)
    assert 200 < volume["2xx"] < 240  # four a second, one replica of three for three quarters of the time
    assert 0.9 < api.at("average", length, window=length) < 1.5
    assert api.at("e2e_average", length, window=length) > api.at("average", length, window=length)
    bill = api.bill(0, length)
    assert bill["llama-70b-v3", "h100"][2] == 120 + 90 + 119  # minutes; two restarts hide half a minute each
    assert set(bill) == {("llama-70b-v3", "h100"), ("whisper-v2", "a10g"), ("whisper-v2", "l4")}


def test_tenants_are_kept_apart_in_one_store(client: httpx.Client, shown: Timeline) -> None:
    bills = [
        Api(client, shown, token).bill(0, sample.HOURS * 3600, org=org).get(("llama-70b-v3", "h100"))
        for org, token in sample.TOKENS.items()
    ]
    acme, rival, initech = bills
    assert acme is not None
    assert rival is not None
    assert rival[0] > 2 * acme[0]
    assert initech is None


def test_a_browser_gets_graphiql_and_asks_nobody_else_for_it(client: httpx.Client) -> None:
    page = client.get("/graphql", headers={"Accept": "text/html"}).text
    assert "//" not in "".join(re.findall(r'(?:src|href)="([^"]+)"', page))
    files = re.findall(r'(?:src|href)="(/[^"]+)"\s+integrity="sha384-([^"]+)"', page)
    assert len(files) == page.count("/graphiql/") == 4
    for path, integrity in files:
        content = client.get(path).raise_for_status().content
        assert base64.b64encode(hashlib.sha384(content).digest()).decode() == integrity  # or a browser refuses it
        assert not re.search(rb"url\(.?https?://|@import", content)


def test_nothing_is_asked_by_url(client: httpx.Client) -> None:
    """What is in a URL is in every log on the way."""
    assert client.get("/graphql", params={"query": "{ __typename }"}).status_code == 400


def test_the_demonstration_runs_until_ctrl_c(rig: Rig) -> None:
    program = Service(
        name="demonstration",
        command=[sys.executable, serve.__file__],
        ready=ready.log("Ctrl-C stops everything"),
    )
    demonstration = rig.add(program)
    rig.start()
    address = re.search(r"^http\S+/graphql(?=#query=)", demonstration.logs.text(), re.MULTILINE)
    assert address is not None
    assert httpx.get(address[0]).status_code == 200
    demonstration.signal(signal.SIGINT)
    with pytest.raises(ServiceDied) as died:
        demonstration.wait(lambda _: False, within=10)
    assert died.value.how == "exited with 0"
    with pytest.raises(httpx.ConnectError):
        httpx.get(address[0])
