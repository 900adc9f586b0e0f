"""The labels of a series, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metricrig.metrics.exposition.errors import BadLine
from metricrig.metrics.exposition.grammar import ANY_TERM, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def escaped(text: str) -> str:
    """As it stands between quotes on a page."""
    return text.translate(_ESCAPED)


class Labels(Mapping[str, str]):
    """The labels of a series: equal to a dict with the same pairs, hashable, and never changed.

    They are shared by all samples of a series, over all scrapes of an endpoint, and taken apart only when somebody
    looks at them: a test looks at a few of the thousands that a page has.
    """

    __slots__ = ("_braces", "_known")

    def __init__(self, pairs: Mapping[str, str] | None, braces: str = "") -> None:
        self._known = pairs
        self._braces = braces

    @property
    def _pairs(self) -> Mapping[str, str]:
        if self._known is None:
            self._known = parsed(self._braces)[1]
        return self._known

    def __getitem__(self, name: str) -> str:
        return self._pairs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __hash__(self) -> int:
        return hash(frozenset(self._pairs.items()))

    def __str__(self) -> str:
        return "{" + ", ".join(f'{name}="{escaped(value)}"' for name, value in self._pairs.items()) + "}"

    def __repr__(self) -> str:
        return f"<Labels {self}>"


def parsed(braces: str) -> tuple[str, dict[str, str]]:
    """The metric's name, if it stands among the labels, and the labels. The text has to match the grammar."""
    found, labels = "", dict[str, str]()
    for term, equals, value in ANY_TERM.findall(braces):
        name = unquoted(term)
        if not equals and found:
            raise BadLine(f"two names for one sample: {found} and {name}")
        if equals and name in labels:
            raise BadLine(f"the label {name} twice")
        if equals:
            labels[name] = unquoted(value)
        else:
            found = name
    return found, labels
