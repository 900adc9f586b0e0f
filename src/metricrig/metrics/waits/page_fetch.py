"""A fetch of the pages that an expression or a condition needs, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import MetricrigError, UsageError
from metricrig.metrics.conditions.look import Look, Unknown
from metricrig.metrics.exposition.errors import NotOneSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from metricrig.metrics.conditions.expression import Expression
    from metricrig.metrics.conditions.look import PageSource
    from metricrig.metrics.exposition import Page


def sources_of(whole: object, numbers: Iterable[Expression], default: PageSource | None) -> list[PageSource]:
    """The sources of all numbers, each once; ``whole`` is what an error calls them."""
    wanted = [part.source or default for number in numbers for part in number.parts() if part.reads]
    if None in wanted:
        raise UsageError(
            f"{whole}: it is not said from which server's page\n"
            f'  wait with shop.metrics.wait(...), or bind each metric to a server: shop.metrics("x").sum() > 3',
        )
    return list(dict.fromkeys(each for each in wanted if each is not None))


def look_at(sources: Sequence[PageSource], default: PageSource | None, patience: float | None = None) -> Look:
    """Fetch every page once, all of them within ``patience``."""
    deadline = None if patience is None else Deadline.exactly(patience)
    pages: dict[PageSource | None, Page | MetricrigError] = {}
    for source in sources:
        try:
            pages[source] = source.page(None if deadline is None else deadline.remaining)
        except MetricrigError as error:
            pages[source] = error
    if default in pages:
        pages[None] = pages[default]
    return Look(pages)


def look_now(number: Expression, default: PageSource | None) -> Look:
    """A look for one number; a page that cannot be had is an error."""
    look = look_at(sources_of(number, [number], default), default)
    for page in look.pages.values():
        if isinstance(page, MetricrigError):
            raise page
    return look


def number_on(look: Look, number: Expression) -> float:
    """The value of an expression; where there is none, an error that says what there is instead."""
    value = number.evaluate(look)
    if not isinstance(value, Unknown):
        return value
    if not value.missing:
        raise MetricrigError(value.why)
    for part in number.parts():
        page = look.pages.get(part.source)
        if part.reads_name and page is not None and not isinstance(page, MetricrigError):
            there = [str(each) for each in page.of_name(part.reads_name)]
            near = [] if there else page.near(part.reads_name)
            raise NotOneSample(str(number), matching=[], there=there, near=near)
    raise MetricrigError(value.why)
