"""All that was recorded of a run: its calls, and what the generator knows of itself. Grows until the run has ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metricrig.load.generator_pulse import GeneratorPulse
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.resource_use import Samples


@dataclass(slots=True)
class RunData:
    """Times are on the monotonic clock."""

    sentence: str
    recorder: CallRecorder
    pulse: GeneratorPulse
    users: int
    lag_allowed: float | None
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    missed: int = 0
    all_busy: bool = False
    ended_early: str = ""
    samples: Samples = field(default_factory=dict)
    """What services used, whenever that was looked at."""
    lost: bool = False
    """Whether calls were made of which nothing is known: a worker has died, and no part of the run is whole."""
    workers: int = 0
    """Processes that make the calls; 0 where it is not for the test to say how many."""
    pauses: float = 0.0
    """Seconds between runs that were merged, in which nothing was called."""

    @property
    def until(self) -> float:
        """Its end, or now."""
        return time.monotonic() if self.ended is None else self.ended
