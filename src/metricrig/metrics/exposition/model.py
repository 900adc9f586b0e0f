"""The data of a page: samples, exemplars, and the families that its comments declare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from metricrig.metrics.exposition.errors import BadPage
from metricrig.metrics.exposition.grammar import META, unescaped, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metricrig.metrics.exposition.decoding import PageFormat
    from metricrig.metrics.exposition.labels import Labels


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation, told beside the sample that counts it; the timestamp is in seconds."""

    labels: Labels
    value: float
    timestamp: float | None = None


class Sample(NamedTuple):
    """One value of one series; ``timestamp`` is in seconds in either format, None if the page gives none.

    A named tuple, because it is made in a sixth of the time of a frozen dataclass: reading a page mostly makes samples.
    """

    name: str
    labels: Labels
    value: float
    timestamp: float | None = None
    exemplar: Exemplar | None = None

    def __str__(self) -> str:
        return f"{self.name}{self.labels or ''} {plain(self.value)}"


class PageSeries:
    """A name with labels. Within one reader, equal series are one and the same object."""

    __slots__ = ("labels", "name")

    def __init__(self, name: str, labels: Labels) -> None:
        self.name = name
        self.labels = labels

    def __str__(self) -> str:
        return f"{self.name}{self.labels or ''}"


def plain(value: float) -> str:
    """A number without a needless ``.0``."""
    value = float(value)
    whole = value.is_integer() and abs(value) < 1e16  # noqa: PLR2004 - from there on repr has an exponent
    return str(int(value)) if whole else repr(value)


_SUFFIXES = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "summary": ("_count", "_sum", "_created"),
    "info": ("_info",),
}


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that are declared together: a histogram's buckets, sum and count are one family."""

    name: str
    type: str
    help: str = ""
    unit: str = ""


@dataclass(slots=True)
class Declared:
    """What has been read of one family's comments, and on which line its type and unit stand."""

    facts: dict[str, str] = field(default_factory=dict)
    lines: dict[str, tuple[int, str]] = field(default_factory=dict)

    def declare(self, what: str, value: str, number: int, line: str) -> None:
        """Take one declaration. A second help text is ignored; a second type or unit has to be the same."""
        if what != "HELP" and self.facts.get(what, value) != value:
            first, text = self.lines[what]
            raise BadPage(f"another {what} on line {first}: {text}", line=number, text=line)
        self.facts.setdefault(what, value)
        self.lines.setdefault(what, (number, line))


def declarations(comments: Iterable[tuple[int, str]]) -> dict[str, Declared]:
    """By family, what numbered comment lines declare."""
    found: dict[str, Declared] = {}
    for number, line in comments:
        match = META.fullmatch(line)
        if match is None:
            continue
        what, name, text = match.groups()
        value = (text or "").rstrip(" \t\r")
        if what == "TYPE" and not value:
            raise BadPage("a TYPE without a type", line=number, text=line)
        meant = unescaped(value) if what == "HELP" else value
        found.setdefault(unquoted(name), Declared()).declare(what, meant, number, line)
    return found


def families(declared: dict[str, Declared], names: Iterable[str], form: PageFormat) -> tuple[Family, ...]:
    """The declared families, and one without a type for each name that belongs to none of them."""
    made = [
        Family(
            name, each.facts.get("TYPE", form.no_type), help=each.facts.get("HELP", ""), unit=each.facts.get("UNIT", "")
        )
        for name, each in declared.items()
    ]
    covered = {family.name + suffix for family in made for suffix in ("", *_SUFFIXES.get(family.type, ()))}
    return (*made, *(Family(name, form.no_type) for name in names if name not in covered))


def family_of(name: str, among: Iterable[Family]) -> Family | None:
    """To which family a sample's name belongs."""
    return next((each for each in among if name in {each.name + s for s in ("", *_SUFFIXES.get(each.type, ()))}), None)
