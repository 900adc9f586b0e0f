"""``push``, ``query`` and ``scrape`` against a real VictoriaMetrics, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from metricrig import Rig
from metricrig.cli.command import program
from metricrig.services import VictoriaMetrics, VictoriaMetricsInstance


@pytest.fixture(scope="module")
def victoria() -> Iterator[VictoriaMetricsInstance]:
    with Rig("commands") as rig:
        instance = rig.add(VictoriaMetrics())
        rig.start()
        yield instance


def metricrig(*words: str) -> Result:
    return CliRunner().invoke(program, words)


def test_what_is_pushed_can_be_asked_for(victoria: VictoriaMetricsInstance) -> None:
    at = ["--at", "2024-01-01T00:01:00Z"]
    pushed = metricrig("push", victoria.url, "orders_total", "3", "--label", "status=ok", *at)
    assert (pushed.exit_code, pushed.output) == (0, '1 sample written: orders_total{status="ok"} 3\n')
    victoria.flush()
    found = metricrig("query", victoria.url, "orders_total", *at)
    assert found.exit_code == 0
    assert 'orders_total{status="ok"}  3' in found.output


def test_json_is_all_there_is_on_standard_output(victoria: VictoriaMetricsInstance) -> None:
    pushed = json.loads(metricrig("push", victoria.url, "m", "1.5", "--at", "1704067260", "--json").stdout)
    assert pushed == {"samples": 1, "name": "m", "labels": {}, "value": 1.5, "milliseconds": 1704067260000}
    victoria.flush()
    words = ["--start", "1704067260", "--end", "1704067320", "--step", "30s"]
    found = json.loads(metricrig("query", victoria.url, "m * 2", *words, "--json").stdout)
    assert found["type"] == "matrix"
    assert found["series"][0]["values"][0] == 3
    instant = json.loads(metricrig("query", victoria.url, "m", "--at", "1704067260", "--json").stdout)
    assert instant["series"] == [{"labels": {"__name__": "m"}, "times": [1704067260], "values": [1.5]}]


def test_a_range_shows_its_shape(victoria: VictoriaMetricsInstance) -> None:
    for number in range(5):
        victoria.write("wave", number * number, at=1704067260 + 10 * number)
    words = ["--start", "2024-01-01T00:01:00Z", "--end", "2024-01-01T00:01:40Z", "--step", "10s"]
    found = metricrig("query", victoria.url, "wave", *words)
    assert found.exit_code == 0
    assert "▁" in found.output
    assert "16" in found.output


def test_no_such_series_is_no(victoria: VictoriaMetricsInstance) -> None:
    found = metricrig("query", victoria.url, "nothing")
    assert found.exit_code == 1
    assert "0 series" in found.output
    found = metricrig("query", victoria.url, "nothing", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output) == {"type": "vector", "series": []}


def test_a_page_is_shown_whole_or_by_name(victoria: VictoriaMetricsInstance) -> None:
    page = f"{victoria.url}/metrics"
    whole = metricrig("scrape", page)
    assert whole.exit_code == 0
    assert "samples" in whole.output
    rows = metricrig("scrape", page, "vm_rows")
    assert rows.exit_code == 0
    assert all(line.startswith("vm_rows{") for line in rows.output.splitlines())
    parsed = json.loads(metricrig("scrape", page, "vm_rows", "--json").stdout)
    assert {each["name"] for each in parsed["samples"]} == {"vm_rows"}
    nothing = metricrig("scrape", page, "vm_rowz")
    assert nothing.exit_code == 1
    assert "no sample of vm_rowz" in nothing.output
    assert "vm_rows" in nothing.output


@pytest.mark.parametrize(
    "words",
    [
        ["push", "http://127.0.0.1:1", "m", "one"],
        ["push", "http://127.0.0.1:1", "m", "1", "--label", "status"],
        ["query", "http://127.0.0.1:1", "m", "--start", "1"],
        ["query", "http://127.0.0.1:1", "m", "--at", "yesterday"],
        ["scrape", "nonsense"],
    ],
)
def test_wrong_usage_is_2(words: list[str]) -> None:
    assert metricrig(*words).exit_code == 2


def test_a_query_that_cannot_be_parsed_is_told_in_the_servers_words(victoria: VictoriaMetricsInstance) -> None:
    found = metricrig("query", victoria.url, "sum(")
    assert found.exit_code == 1
    assert "sum(" in found.output


@pytest.mark.parametrize("words", [["push", "http://127.0.0.1:1", "m", "1"], ["scrape", "http://127.0.0.1:1"]])
def test_a_server_that_is_not_there_is_no(words: list[str]) -> None:
    answer = metricrig(*words)
    assert answer.exit_code == 1
    assert "127.0.0.1:1" in answer.output
