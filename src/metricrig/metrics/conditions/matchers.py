"""Label matchers with PromQL's meaning: which series are meant."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core import arguments
from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a label has to be: a text or, with ``regex``, a pattern that has to match all of it."""

    text: str
    regex: re.Pattern[str] | None = None
    negated: bool = False

    def accepts(self, value: str) -> bool:
        """Whether a label may have this value; one that is missing has the value ``""``."""
        equal = value == self.text if self.regex is None else self.regex.fullmatch(value) is not None
        return equal is not self.negated

    def __str__(self) -> str:
        quoted = json.dumps(self.text, ensure_ascii=False)
        if self.regex is None:
            return f"not_({quoted})" if self.negated else quoted
        return f"{'not_matches' if self.negated else 'matches'}({quoted})"


Wanted = str | int | re.Pattern[str] | Matcher
"""What a label may be compared with."""


def matches(pattern: str) -> Matcher:
    """A label that matches the pattern from its beginning to its end: ``metric("x", code=matches("2.."))``."""
    return Matcher(pattern, regex=_compiled("matches", pattern))


def not_(text: str) -> Matcher:
    """A label with any other value, or none at all."""
    return Matcher(arguments.text("not_", "text", text, 'not_("ok")'), negated=True)


def not_matches(pattern: str) -> Matcher:
    """A label that does not match the pattern."""
    return Matcher(pattern, regex=_compiled("not_matches", pattern), negated=True)


def _compiled(who: str, pattern: str) -> re.Pattern[str]:
    return re.compile(arguments.pattern(who, pattern), re.DOTALL)


def as_matcher(label: str, wanted: Wanted) -> Matcher:
    """A matcher as it is; anything else as one."""
    if isinstance(wanted, Matcher):
        return wanted
    if isinstance(wanted, re.Pattern):
        return Matcher(wanted.pattern, regex=wanted)
    if isinstance(wanted, str):
        return Matcher(wanted)
    if type(wanted) is int:  # True would be a label of the wrong kind
        return Matcher(str(wanted))
    raise UsageError(f'{label}={wanted!r}: labels are texts, such as {label}="{wanted}", or matches("...")')


@dataclass(frozen=True, slots=True)
class Selector:
    """A name, and what the labels have to be."""

    name: str
    matchers: tuple[tuple[str, Matcher], ...] = ()

    @classmethod
    def of(cls, name: str, labels: Mapping[str, Wanted]) -> Selector:
        """As users write it."""
        if not arguments.text("metric", "name", name, 'metric("orders_total", status="ok")'):
            raise arguments.wrong("metric", "name", name, 'the name of a series: metric("orders_total")')
        return cls(name, tuple((label, as_matcher(label, wanted)) for label, wanted in labels.items()))

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Whether a series of that name is meant."""
        return all(matcher.accepts(labels.get(label, "")) for label, matcher in self.matchers)

    def __str__(self) -> str:
        named = [f"{label}={matcher}" for label, matcher in self.matchers if label.isidentifier()]
        others = [f'"{label}": {matcher}' for label, matcher in self.matchers if not label.isidentifier()]
        mapping = ["**{" + ", ".join(others) + "}"] if others else []
        return f"({', '.join([json.dumps(self.name, ensure_ascii=False), *named, *mapping])})"
