"""A metrics page: what one scrape has brought, read as far as it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from metricrig.metrics.exposition.decoding import checked, format_of
from metricrig.metrics.exposition.errors import BadPage, NotOneSample
from metricrig.metrics.exposition.labels import Labels
from metricrig.metrics.exposition.model import families
from metricrig.metrics.exposition.reader import read_all, read_name
from metricrig.metrics.exposition.series_keys import SeriesKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig.metrics.exposition.model import Family, Sample
    from metricrig.metrics.exposition.reader import PageContent

_Read = TypeVar("_Read")


class Page:
    """The text of a page. Names are as they are written: a counter called ``foo`` is not renamed ``foo_total``.

    Asking for one name reads the lines of that name alone, so a fault elsewhere on the page goes unnoticed; iterating,
    ``names`` and ``families`` read and check everything.
    """

    def __init__(
        self,
        text: str | bytes | bytearray,
        content_type: str | None = None,
        *,
        source: str = "",
        keys: SeriesKeys | None = None,
    ) -> None:
        self.content_type = content_type
        self.source = source
        self.format = format_of(content_type)
        self._keys = SeriesKeys() if keys is None else keys
        self.text = self._located(lambda: checked(text, self.format))
        self._found: dict[str, tuple[Sample, ...]] = {}
        self._content: PageContent | None = None

    def samples(self, name: str, /, **labels: str) -> list[Sample]:
        """The samples of a name that have these labels, and perhaps others. A missing label is an empty one."""
        found = self.of_name(name)
        if not labels:
            return list(found)
        return [each for each in found if all(each.labels.get(k, "") == v for k, v in labels.items())]

    def value(self, name: str, /, **labels: str) -> float:
        """The value of the only sample that there is with this name and these labels."""
        found = self.samples(name, **labels)
        if len(found) == 1:
            return found[0].value
        there = [str(each) for each in self.of_name(name)]
        what = name + (str(Labels(labels)) if labels else "")
        raise NotOneSample(
            what, matching=[str(each) for each in found], there=there, near=[] if there else self.near(name)
        )

    def near(self, name: str) -> list[str]:
        """Names on the page that resemble one that is not."""
        import difflib  # noqa: PLC0415 - only when something is missing

        return difflib.get_close_matches(name, self.names(), n=5, cutoff=0.6)

    def of_name(self, name: str) -> tuple[Sample, ...]:
        """All samples of a name."""
        if name not in self._found:
            if self._content is None:
                self._found[name] = self._located(lambda: read_name(self.text, name, self.format, self._keys))
            else:
                self._found = self._content.by_name()
        return self._found.get(name, ())

    def names(self) -> tuple[str, ...]:
        """The names of all samples, in the order of the page."""
        return tuple(dict.fromkeys(sample.name for sample in self._all().samples))

    def families(self) -> tuple[Family, ...]:
        """Name, type, help and unit of each family; samples that declare nothing are families without a type."""
        return families(self._all().declared, self.names(), self.format)

    def _all(self) -> PageContent:
        if self._content is None:
            self._content = self._located(lambda: read_all(self.text, self.format, self._keys))
        return self._content

    def _located(self, read: Callable[[], _Read]) -> _Read:
        try:
            return read()
        except BadPage as bad:
            raise BadPage(bad.why, line=bad.line, text=bad.text, source=self.source) from None

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._all().samples)

    def __len__(self) -> int:
        return len(self._all().samples)

    def __repr__(self) -> str:
        return f"<Page {self.source or self.format.name}, {len(self.text)} characters>"
