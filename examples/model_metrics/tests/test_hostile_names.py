"""Names stay names: what is called like a piece of a query is found by that name, and nothing else is."""

from __future__ import annotations

import pytest
from api import Api
from conftest import DIRECTORY
from hostile import HOSTILE, ids
from model_metrics.directory import Directory
from model_metrics.promql import quoted, selector
from platform_metrics import requests, tokens

from metricrig import Timeline
from metricrig.metrics import VictoriaMetricsStore


@pytest.fixture
def directory() -> Directory:
    """Acme may name its models as it likes, and organizations call themselves what they like."""
    orgs = {name: (f"token-{number}", frozenset({"m1"})) for number, name in enumerate(HOSTILE)}
    hostile = Directory.of({**orgs, "acme": ("acme-token", frozenset({"m1", *HOSTILE}))})
    return Directory({**DIRECTORY.by_digest, **hostile.by_digest})


@pytest.mark.parametrize("name", HOSTILE, ids=ids)
def test_a_model_of_a_hostile_name_shows_its_own_numbers(
    api: Api, rivals: Timeline, victoriametrics: VictoriaMetricsStore, name: str
) -> None:
    mine = Timeline(start=rivals.start)
    requests(mine, model_version=name).inc(50, by=3)
    victoriametrics.ingest(mine)
    named = api.of(model=name)
    assert named.at("volume", 60) == {"2xx": 6.0, "4xx": 0.0, "5xx": 0.0}
    assert named.over("volume")["2xx"] == [0.0, 0.0, 6.0, *[0.0] * 8]
    assert api.bill(0, 300) == {("m1", "a100"): (1, 0, 0.0), (name, "a100"): (3, 0, 0.0)}


@pytest.mark.parametrize("name", HOSTILE, ids=ids)
def test_an_organization_of_a_hostile_name_is_billed_for_its_own(
    api: Api, rivals: Timeline, victoriametrics: VictoriaMetricsStore, name: str
) -> None:
    theirs = Timeline(start=rivals.start)
    tokens(theirs, org=name).inc(50, by=3)
    victoriametrics.ingest(theirs)
    them = api.of(token=f"token-{HOSTILE.index(name)}")
    assert them.bill(0, 300, org=name) == {("m1", "a100"): (0, 3, 0.0)}
    assert them.at("volume", 60)["2xx"] == 0.0


def test_what_is_quoted_is_what_the_store_has(rivals: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    for number, name in enumerate(HOSTILE):
        victoriametrics.write("named", number, {"name": name}, at=rivals.start + 30)
    for number, name in enumerate(HOSTILE):
        assert victoriametrics.query(f"named{{name={quoted(name)}}}", at=rivals.start + 30) == number


def test_an_empty_value_is_no_value() -> None:
    with pytest.raises(ValueError, match="org is empty, which would match series without it"):
        selector("model_requests_total", org="", model_version="m1")
