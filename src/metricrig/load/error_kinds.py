"""The kinds of errors that calls ended with, each with a number, and how many there were of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from metricrig._core.errors import described
from metricrig.load.calls import GOOD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.load.calls import Calls

_LONGEST = 120
"""Characters of a kind."""
_MOST = 100
"""Kinds that are told apart by what they say; further ones only by their class. A text may have a number in it."""


class ErrorKinds:
    """A number for each kind. A kind is the error's class and the first line of what it says."""

    def __init__(self) -> None:
        self.names = ["none"]
        self._numbers: dict[str, int] = {}

    def number(self, error: BaseException | str) -> int:
        """The number of an error's kind."""
        said, kind = (error, "others") if isinstance(error, str) else (described(error), type(error).__name__)
        name = said.split("\n", 1)[0][:_LONGEST]
        if name not in self._numbers and len(self.names) > _MOST:
            name = kind
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]

    def counted(self, calls: Calls) -> Errors:
        """How many calls ended with each."""
        counts = Counter(each for each in calls.outcome if each != GOOD)
        return Errors({self.names[number]: count for number, count in counts.most_common()})


class Errors(Mapping[str, int]):
    """How many calls failed, by the kind of error. Compared with a number it is all of them."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = dict(counts)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self._counts.values())

    def __getitem__(self, kind: str) -> int:
        return self._counts[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            return self.total == other
        return self._counts == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        """As the number that it equals."""
        return hash(self.total)

    def __repr__(self) -> str:
        return ", ".join(f"{count} of {kind}" for kind, count in self.items()) or "no errors"
