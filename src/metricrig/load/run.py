"""A run, as a test asserts on it. One that says nothing of the server raises, instead of passing or failing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import wrong
from metricrig._core.errors import UsageError
from metricrig.load.calls import WHOLE
from metricrig.load.errors import InvalidRun
from metricrig.load.figures import LoadFigures, MeasuredFigures
from metricrig.load.judgement import GeneratorFigures, reasons_against
from metricrig.load.resource_use import use_of
from metricrig.load.time_slices import slices_of
from metricrig.metrics.times import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.load.calls import Calls
    from metricrig.load.comparison import LoadComparison, TimedCalls
    from metricrig.load.error_kinds import ErrorKinds
    from metricrig.load.resource_use import ResourceUse
    from metricrig.load.run_data import RunData
    from metricrig.load.time_slices import TimeSlice


@dataclass(frozen=True, slots=True)
class RunWindow:
    """Which calls of a run: those that had not ended at ``began``, and were due before ``ended``.

    ``due_within`` leaves out those that were due before it, ``done_within`` those that ended after it.
    """

    began: float = -math.inf
    ended: float = math.inf
    due_within: bool = False
    done_within: bool = False
    operation: int = WHOLE

    def has(self, due: float, ended: float, operation: int) -> bool:
        """Whether a call is one of them."""
        return (
            operation == self.operation
            and (due >= self.began if self.due_within else ended >= self.began)
            and (ended < self.ended if self.done_within else due < self.ended)
        )


class Run(LoadFigures):
    """All figures of a run, or of a part of it: ``between``, ``before``, ``after``, ``op``."""

    def __init__(self, data: RunData, window: RunWindow | None = None) -> None:
        self.data, self._window = data, window or RunWindow()

    @property
    def began(self) -> float:
        """When it began, on the monotonic clock."""
        return max(self.data.began, self._window.began)

    @property
    def ended(self) -> float:
        """When it ended; now, while it goes on."""
        return max(self.began, min(self.data.until, self._window.ended))

    @property
    def seconds(self) -> float:
        """How long it went on."""
        return self.ended - self.began - self.data.pauses

    @property
    def running(self) -> bool:
        """Whether it goes on. Only then does ``measured`` say something, and of what has ended so far."""
        return self.data.ended is None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it says nothing of the server; none, if it does."""
        return reasons_against(self.generator)

    @property
    def valid(self) -> bool:
        """Whether the generator kept up, so that the figures are the server's."""
        return not self.running and not self.reasons

    @property
    def measured(self) -> MeasuredFigures:
        """The figures, whatever they are worth."""
        return MeasuredFigures(self._chosen(), self._error_kinds, self.seconds)

    @property
    def generator(self) -> GeneratorFigures:
        """How the generator did."""
        return self._judged if not self.running else self._generator()

    @property
    def operations(self) -> list[str]:
        """The names of operations within calls."""
        return self.data.recorder.operations[1:]

    def op(self, name: str) -> Run:
        """The calls of one operation; its latency is its own, from when it began."""
        if name not in self.operations:
            raise wrong(
                "run.op", "name", name, f"one of {', '.join(self.operations) or 'none: with load.op(name): ...'}"
            )
        number = self.data.recorder.operations.index(name)
        window = self._window
        return Run(self.data, RunWindow(window.began, window.ended, window.due_within, window.done_within, number))

    def between(self, began: float | None, ended: float | None) -> Run:
        """What was under way in that time: calls that were due before it and had not ended are among them."""
        return self._part("run.between", began, ended)

    def before(self, moment: float | None) -> Run:
        """The calls that had ended by then."""
        return self._part("run.before", -math.inf, moment, done_within=True)

    def after(self, moment: float | None) -> Run:
        """The calls that were due from then on."""
        return self._part("run.after", moment, math.inf, due_within=True)

    @property
    def resources(self) -> dict[str, ResourceUse]:
        """What the services used that were to be watched (``watch=[shop]``), by their names."""
        calls, began, ended = len(self._counted), self.began, self.ended
        return {name: use_of(samples, began, ended, calls) for name, samples in self.data.samples.items()}

    def against(self, baseline: Run) -> LoadComparison:
        """Compare with another run: ratios of percentiles and of throughput, each with an interval."""
        from metricrig.load.comparison import LoadComparison  # noqa: PLC0415 - most runs are not compared

        return LoadComparison(self._timed(), baseline._timed())

    def series(self, every: Any = 1.0) -> list[TimeSlice]:
        """A time series, a second or so a step."""
        if (step := duration(every)) <= 0:
            raise wrong("run.series", "every", every, 'a duration above 0: every="100ms"')
        return slices_of(self._counted, self.began, self.ended, step)

    def __str__(self) -> str:
        if self.running:
            return f"{self.data.sentence}: still going on, {self.measured}"
        reasons = self.reasons
        return f"{self.data.sentence}: {self.measured}" + (f"; INVALID: {'; '.join(reasons)}" if reasons else "")

    def _timed(self) -> TimedCalls:
        from metricrig.load.comparison import TimedCalls  # noqa: PLC0415 - see above

        return TimedCalls(self._counted, self.began, self.ended - self.began)

    def _part(self, who: str, began: float | None, ended: float | None, **kind: bool) -> Run:
        if began is None or ended is None:
            raise UsageError(f"{who}: a time is None: of a fault that has not begun, or not healed yet")
        if not began < ended:
            raise UsageError(
                f"{who}: it ends at {ended!r}, and begins at {began!r}\n  both are seconds of time.monotonic()"
            )
        return Run(self.data, RunWindow(began, ended, operation=self._window.operation, **kind))

    @property
    def _counted(self) -> Calls:
        """The calls, if they can be relied on."""
        if self.running:
            raise UsageError(
                f"{self.data.sentence}: it still goes on, so nothing can be asserted yet"
                "\n  look when its block has ended; run.measured has what there is so far"
            )
        if reasons := self.reasons:
            raise InvalidRun(self.data.sentence, reasons=reasons, measured=str(self.measured))
        return self._final_calls

    @property
    def _error_kinds(self) -> ErrorKinds:
        return self.data.recorder.kinds

    @cached_property
    def _final_calls(self) -> Calls:
        return self._chosen()

    @cached_property
    def _judged(self) -> GeneratorFigures:
        return self._generator()

    def _chosen(self) -> Calls:
        return self.data.recorder.calls.where(lambda row: self._window.has(row[0], row[2], row[4]))

    def _generator(self) -> GeneratorFigures:
        """Lag is that of whole calls, also where an operation within them is looked at."""
        window = RunWindow(self._window.began, self._window.ended, self._window.due_within, self._window.done_within)
        calls = self.data.recorder.calls.where(lambda row: window.has(row[0], row[2], row[4]))
        own = self._chosen()
        pulse = self.data.pulse
        pulses = [pulse, *pulse.parts]
        lags = [calls.lags, *(each.between(window.began, window.ended) for each in pulses)]
        whole = window == RunWindow()
        return GeneratorFigures(
            calls=len(own),
            lag_p99=max(_percentile(99, each) for each in lags),
            lag=max(_percentile(99.5, each) for each in lags),
            latency_p99=_percentile(99, own.waits),
            lag_allowed=self.data.lag_allowed,
            missed=self.data.missed if whole else 0,
            elapsed=self.data.until - self.data.began,
            cpu=max(each.cpu for each in pulses),
            starved=max(each.starved for each in pulses),
            workers=self.data.workers,
            users=self.data.users,
            all_busy=self.data.all_busy,
            ended_early=self.data.ended_early if self._window.ended > self.data.until or self.data.lost else "",
        )


def _percentile(percent: float, seconds: Sequence[float]) -> float:
    """Of ten, the second largest: a single outlier is no percentile of few."""
    return sorted(seconds)[int(percent / 100 * (len(seconds) - 1))] if seconds else 0.0
