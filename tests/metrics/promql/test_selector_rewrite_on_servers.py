"""What the real parsers make of a confined expression: the same, and the matcher in every selector."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from metrics.promql.random_expressions import EXPRESSIONS, MARK, Written
from metrics.promql.test_selector_rewrite import AGGREGATIONS, NUMBERS, OPERATORS, SELECTORS
from support.versions import obtain_all

from metricrig import Rig
from metricrig.metrics.promql.selector_rewrite import confined
from metricrig.services import Prometheus

MATCHER = {"name": "view", "value": "§1", "type": "="}
OLD, NEW = "~=2.42.0", "3.5.0"
slow_at_first = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def started(version: str) -> Iterator[str]:
    obtain_all(Prometheus(version=version))
    with Rig("parser") as rig:
        server = rig.add(Prometheus(version=version))
        rig.start()
        yield server.url


@pytest.fixture(scope="module")
def old() -> Iterator[str]:
    yield from started(OLD)


@pytest.fixture(scope="module")
def new() -> Iterator[str]:
    yield from started(NEW)


def asked(url: str, path: str, expression: str) -> Any:
    form = urllib.parse.urlencode({"query": expression}).encode()
    with urllib.request.urlopen(f"{url}/api/v1/{path}", form, timeout=10) as answer:
        return json.load(answer)["data"]


def unmarked(node: Any) -> Any:
    """The tree without the matcher, which each selector in it has to have once."""
    if isinstance(node, list):
        return [unmarked(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "matchers" not in node:
        return {name: unmarked(each) for name, each in node.items()}
    matchers = [each for each in node["matchers"] if each != MATCHER]
    assert len(matchers) == len(node["matchers"]) - 1
    return {**node, "matchers": matchers}


def bare(formatted: str) -> str:
    """What the server prints of an expression, without the matcher and the line breaks that depend on its length."""
    without = re.sub(rf"{re.escape(MARK)},?", "", formatted)
    return re.sub(r"\s|\{\}", "", without).replace(",}", "}")


@slow_at_first
@given(written=EXPRESSIONS)
def test_the_tree_is_the_same_but_for_the_matcher_in_each_selector(new: str, written: Written) -> None:
    tree = asked(new, "parse_query", written.without)
    assert unmarked(asked(new, "parse_query", confined(written.without, MARK))) == tree


@slow_at_first
@given(written=EXPRESSIONS)
def test_an_older_server_reads_the_same(old: str, written: Written) -> None:
    printed = asked(old, "format_query", confined(written.without, MARK))
    assert bare(printed) == bare(asked(old, "format_query", written.without))
    assert printed.count(MARK) == written.confined.count(MARK)


@pytest.mark.parametrize("example", [pair for pair in SELECTORS + OPERATORS + AGGREGATIONS + NUMBERS if "V" in pair[1]])
def test_the_tree_of_each_example_is_the_same(new: str, example: tuple[str, str]) -> None:
    tree = asked(new, "parse_query", example[0])
    assert unmarked(asked(new, "parse_query", confined(example[0], MARK))) == tree
