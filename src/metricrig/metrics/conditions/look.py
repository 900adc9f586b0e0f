"""One look at metrics pages, on which expressions and conditions are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from metricrig.metrics.conditions.matchers import Selector
    from metricrig.metrics.exposition import Page, Sample


class Exited(Protocol):
    """An event that is set when a process has ended, such as a ``Latch``."""

    def wait(self, timeout: float) -> bool:
        """Wait for it; whether it is set."""

    def is_set(self) -> bool:
        """Whether the process has ended."""


class Alive(Protocol):
    """Somebody who knows whether a server lives."""

    @property
    def exited(self) -> Exited:
        """Set at its end."""

    def death(self, during: str) -> Exception:
        """The error that says how it ended."""

    def waited_for(self) -> AbstractContextManager[None]:
        """A block that ends with this error at its death."""


class PageSource(Protocol):
    """Where pages come from. ``str`` of it is what a user would type: ``shop.metrics``."""

    @property
    def alive(self) -> Alive | None:
        """Who knows whether the server lives; None if nobody does."""

    def page(self, patience: float | None = None) -> Page:
        """Fetch the page now: all of it within so many seconds, or it is an error."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No value, and why: nothing was scraped, or no series is there yet. ``missing`` is the latter."""

    why: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """The pages of one moment, or why one could not be had. None stands for the page that is not named.

    With ``missing``, series that do not exist have that value.
    """

    pages: Mapping[PageSource | None, Page | MetricrigError]
    missing: float | None = None

    def samples(self, source: PageSource | None, selector: Selector) -> list[Sample] | Unknown:
        """The samples that are meant; Unknown if the page could not be read."""
        page = self.pages[source]
        if isinstance(page, MetricrigError):
            return Unknown(str(page))
        try:
            return [each for each in page.of_name(selector.name) if selector.accepts(each.labels)]
        except MetricrigError as error:
            return Unknown(str(error))

    def with_missing(self, value: float) -> Look:
        """The same look, on which what does not exist has a value."""
        return Look(self.pages, value)
