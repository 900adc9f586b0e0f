"""``metricrig push``, ``query`` and ``scrape``: one sample, one question, one page; of any server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from metricrig._core.errors import UsageError
from metricrig.cli.options import debug_option, examples, json_option
from metricrig.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig.metrics.exposition import Page, Sample
    from metricrig.metrics.results import Matrix, Result, Vector


@click.command(
    short_help="Write one sample by remote write.",
    epilog=examples(
        "metricrig push http://127.0.0.1:8428 orders_total 3 --label status=ok",
        "metricrig push http://127.0.0.1:9090 temperature 21.5 --at 2026-01-01T00:00:00Z",
    ),
)
@click.argument("url")
@click.argument("name")
@click.argument("value", type=float)
@click.option("--label", "labels", metavar="K=V", multiple=True, help="A label of the series; may be repeated.")
@click.option("--at", metavar="TIME", help="When: a time with a zone, or seconds since 1970. Now, unless given.")
@click.option("--path", default="/api/v1/write", show_default=True, help="Where the server takes remote writes.")
@json_option
@debug_option
def push(
    *, url: str, name: str, value: float, labels: tuple[str, ...], at: str | None, path: str, as_json: bool
) -> None:
    """Write the sample NAME VALUE to the server at URL, and say what became of it."""
    from metricrig.metrics.http.client import Server
    from metricrig.metrics.remote_write.one_sample import milliseconds, one
    from metricrig.metrics.remote_write.sender import Sender
    from metricrig.metrics.results.values import shown

    named = dict(_pair(each) for each in labels)
    moment = milliseconds(_moment(at))
    sent = Sender(Server(url), path=path).send([one(name, value, named, moment)])
    if as_json:
        from metricrig.cli.output import print_json

        print_json({"samples": sent.samples, "name": name, "labels": named, "value": value, "milliseconds": moment})
    else:
        say(f"{sent.samples} sample written: {_shown(name, named)} {shown(value)}")


@click.command(
    short_help="Ask a PromQL question.",
    epilog=examples(
        "metricrig query http://127.0.0.1:8428 'sum by (status) (orders_total)'",
        "metricrig query http://127.0.0.1:9090 up --start 2026-01-01T00:00:00Z --end 2026-01-01T01:00:00Z --step 1m",
    ),
)
@click.argument("url")
@click.argument("promql")
@click.option("--at", metavar="TIME", help="The moment to ask about. Now, unless given.")
@click.option("--start", metavar="TIME", help="The begin of a range.")
@click.option("--end", metavar="TIME", help="The end of a range.")
@click.option("--step", metavar="DURATION", help="From one point of the range to the next: 30s, 5m.")
@json_option
@debug_option
def query(
    *, url: str, promql: str, at: str | None, start: str | None, end: str | None, step: str | None, as_json: bool
) -> bool:
    """Ask the server at URL for PROMQL, at one moment or over a range. Exit code 1: there is no such series."""
    from metricrig.metrics.promql.client import Promql

    ranged = [each is not None for each in (start, end, step)]
    if any(ranged) and (not all(ranged) or at is not None):
        raise UsageError("a range is --start, --end and --step together, and without --at")
    server = Promql(url)
    found: Any
    if start is not None and end is not None:
        found = server.query_range(promql, _moment(start), _moment(end), step)
    else:
        found = server.query(promql, _moment(at))
    _print_result(found, as_json=as_json)
    return bool(getattr(found, "series", None) or getattr(found, "samples", None) or hasattr(found, "value"))


@click.command(
    short_help="Read a metrics page.",
    epilog=examples("metricrig scrape http://127.0.0.1:8000/metrics", "metricrig scrape http://127.0.0.1:8000 up"),
)
@click.argument("url")
@click.argument("name", required=False)
@json_option
@debug_option
def scrape(*, url: str, name: str | None, as_json: bool) -> bool:
    """Read the metrics page at URL: what is on it, or the samples of NAME. Exit code 1: there is no such name."""
    from metricrig.metrics.scraping.endpoint import read

    page = read(url)
    samples = page.of_name(name) if name else tuple(page)
    if as_json:
        from metricrig.cli.output import print_json

        print_json({"samples": [_as_json(each) for each in samples]})
    elif name:
        for each in samples:
            say(str(each))
    else:
        _print_families(page)
    if name and not samples:
        near = ", ".join(page.near(name))
        say(f"no sample of {name} on {url}" + (f"; near: {near}" if near else ""), err=True)
    return bool(samples)


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise UsageError(f"a label is K=V, such as --label status=ok, not {text!r}")
    return key, value


def _moment(text: str | None) -> Any:
    """Seconds of what was typed."""
    from metricrig.metrics.times import seconds

    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return seconds(text)


def _shown(name: str, labels: dict[str, str]) -> str:
    inside = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


def _as_json(sample: Sample) -> dict[str, Any]:
    return {"name": sample.name, "labels": dict(sample.labels), "value": sample.value, "timestamp": sample.timestamp}


def _print_result(found: Any, *, as_json: bool) -> None:
    from metricrig.cli.output import print_json
    from metricrig.metrics.results import Matrix, Vector

    if as_json:
        print_json({"type": type(found).__name__.lower(), "series": _series(found)})
    elif isinstance(found, Matrix) and found.series:
        _print_matrix(found)
    elif isinstance(found, Vector) and found.samples:
        _print_vector(found)
    else:
        say(str(found))


def _series(found: Result) -> list[dict[str, Any]]:
    from metricrig.metrics.results.labels import identity

    return [
        {"labels": dict(identity(labels)), "times": times, "values": values} for labels, times, values in found.rows()
    ]


def _print_matrix(found: Matrix) -> None:
    """The shape of each series, and its numbers at the edges."""
    from metricrig.cli.output import console, literally
    from metricrig.cli.rows import Rows
    from metricrig.metrics.results.values import shown
    from metricrig.metrics.waits.report import sparkline

    rows = Rows("shape", "first", "last", "least", "most", "points", "series", title="series")
    for each in found.series:
        numbers = [shown(number) for number in (each.values[0], each.values[-1], min(each.values), max(each.values))]
        rows.add(sparkline(list(each.values)), *numbers, str(len(each.values)), literally(_series_of(each.labels)))
    rows.show(console())


def _print_vector(found: Vector) -> None:
    """Every series and its value."""
    from metricrig.cli.output import console, literally
    from metricrig.cli.rows import Rows
    from metricrig.metrics.results.values import shown

    rows = Rows("series", "value", title="series")
    for each in found.samples:
        rows.add(literally(_series_of(each.labels)), shown(each.value))
    rows.show(console())


def _series_of(labels: Mapping[str, str]) -> str:
    return _shown(labels.get("__name__", ""), {key: each for key, each in labels.items() if key != "__name__"}) or "{}"


def _print_families(page: Page) -> None:
    from metricrig.cli.output import console, literally
    from metricrig.cli.rows import Rows

    rows, screen = Rows("type", "metric", "help", title="metric"), console()
    for each in page.families():
        rows.add(each.type, literally(each.name), literally(each.help))
    rows.show(screen)
    screen.print(f"{len(page)} samples")
