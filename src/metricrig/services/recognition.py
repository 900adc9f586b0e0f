"""A probe that recognises a server which somebody else runs: an answer that only this kind gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import MetricrigError
from metricrig.probe import Answer

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Recognised:
    """``question`` asks the instance, and raises what is wrong with the answer."""

    wanted: str
    question: Callable[[Any], object]

    def __str__(self) -> str:
        return self.wanted

    def ask(self, subject: Any) -> Answer:
        """Ask once."""
        try:
            self.question(subject)
        except MetricrigError as error:
            return Answer(ready=False, said=str(error))
        return Answer(ready=True, said=self.wanted)
