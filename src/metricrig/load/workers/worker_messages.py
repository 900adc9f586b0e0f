"""What a run and its worker processes say to each other. Times are on the monotonic clock, which they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metricrig.load.calls import Calls
    from metricrig.load.generator_pulse import GeneratorPulse
    from metricrig.load.rate import Rate


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """The first message: one worker's share of a run."""

    who: str
    pickled: bytes
    worker: int
    workers: int
    users: int
    seconds: float
    rate: Rate | None
    think: float
    patience: float


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """Its users are set up; it begins when it is told."""


@dataclass(frozen=True, slots=True)
class BeginAt:
    """The moment at which all workers begin."""

    moment: float


@dataclass(frozen=True, slots=True)
class StopNow:
    """No further call begins; ``at_once`` leaves alone what is under way."""

    at_once: bool


@dataclass(frozen=True, slots=True)
class CallReport:
    """Calls that have ended since the last report. Kinds and operations are all that there are, by their numbers."""

    calls: Calls
    kinds: tuple[str, ...]
    operations: tuple[str, ...]
    begun: int
    """How many more have begun since the last report."""
    under_way: int
    """How many are."""


@dataclass(frozen=True, slots=True)
class WorkerEnd:
    """The last message. A ``failure`` says what went wrong with the whole, ``misused`` that the test's code did it."""

    pulse: GeneratorPulse
    all_busy: bool
    failure: str = ""
    misused: bool = False
