"""What every result contains: rows of numbers, the same as plain Python, and which server has answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from metricrig.metrics.results.values import Values, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

PROMETHEUS = "Prometheus"
VICTORIA_METRICS = "VictoriaMetrics"


@dataclass(frozen=True, slots=True)
class Product:
    """A server's name, and its version unless it keeps that to itself."""

    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name


class Row(NamedTuple):
    """One label set, and when it had which value."""

    labels: Mapping[str, str]
    times: Sequence[float]
    values: Sequence[float]

    def on(self, steps: Iterable[float]) -> Values:
        """Its value at each of the steps, None where it has none."""
        # Milliseconds: that is all an engine keeps, and 0.1 + 0.2 is not 0.3.
        at = {milliseconds(time): value for time, value in zip(self.times, self.values, strict=True)}
        return Values(at.get(milliseconds(step)) for step in steps)


class Content:
    """How a result is read by whoever compares or shows it, whatever its kind."""

    __slots__ = ()

    is_expectation: ClassVar[bool] = False
    """Whether it was computed, not answered by a server."""
    notes: tuple[str, ...] = ()
    """What the engine remarked on the query."""
    product: Product | None = None
    """The server that has answered, if it is known."""

    def rows(self) -> tuple[Row, ...]:
        """A row for each of its series. A text has none."""
        return ()

    def as_dict(self) -> Mapping[Any, Values] | Mapping[Any, float] | None:
        """Values or a number by all labels but the name; None if its kind is not compared with dicts."""
        return None

    def as_list(self) -> Values | None:
        """The values of the only series; None if it is not one."""
        return None

    def as_number(self) -> float | None:
        """The only value; None if it is not one."""
        return None

    def like(self, plain: object) -> Content | None:
        """Plain values with the labels and times of this, if they fit."""
        del plain
        return None

    def plain(self) -> Content:
        """The answer alone; expectations are more than that."""
        return self

    def against(self, answer: Content) -> Content:
        """What of this is held against that answer. An expectation depends on who has answered; this does not."""
        del answer
        return self

    def remark(self, answer: object) -> str:
        """What one has to know about the engines where this and that answer differ; mostly nothing."""
        del answer
        return ""

    def equals(self, other: object, rel: float = 0.0, abs_: float = 0.0) -> bool:
        """Whether both are the same, in whatever order the series are; NotImplemented for what is no result."""
        raise NotImplementedError
