"""Whether the generator kept up: decided on what was measured of itself, and said in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from metricrig._core.amounts import in_time

_LAG_FLOOR_SECONDS = 0.002
"""A lag that is fine whatever the server does: ordinary machines wake a thread later than that once in thousands."""
_LAG_SHARE = 0.2
"""The part of a latency that may be the generator's own: with more, the figure is not the server's."""
_MISSED_SHARE = 0.01
"""The part of the schedule that may be missing: what was due in the moment of the end, say."""
_BUSY, _STARVED = 0.9, 0.2
"""Of the time, from which on one of its processors' shares is a likely cause."""


@dataclass(frozen=True, slots=True)
class GeneratorFigures:
    """What is known of a generator in some time."""

    calls: int
    lag_p99: float
    """How late calls began, and how late it woke in between: whichever is worse, at the 99th percentile."""
    lag: float
    """The same at the 99.5th: a call has two wake-ups, to begin and to hear of its end, so this may be in a p99."""
    latency_p99: float
    lag_allowed: float | None
    """What the user bears."""
    missed: int = 0
    elapsed: float = 0.0
    cpu: float = 0.0
    starved: float = 0.0
    users: int = 0
    all_busy: bool = False
    workers: int = 0
    """Processes of which each could have had a processor; the worst of them counts. 0 if it has no say in that."""
    ended_early: str = ""

    @property
    def lag_limit(self) -> float:
        """The largest lag with which the latencies are the server's."""
        return max(_LAG_FLOOR_SECONDS, _LAG_SHARE * self.latency_p99) if self.lag_allowed is None else self.lag_allowed


def reasons_against(figures: GeneratorFigures) -> tuple[str, ...]:
    """Why a run says nothing of the server; none if it does."""
    found = (_ended(figures), _empty(figures), _lagged(figures), _missed(figures))
    return tuple(each for each in found if each)


def _ended(figures: GeneratorFigures) -> str:
    return f"it ended before its time: {figures.ended_early}" if figures.ended_early else ""


def _empty(figures: GeneratorFigures) -> str:
    return "" if figures.calls else "it has no calls, so nothing was measured"


def _lagged(figures: GeneratorFigures) -> str:
    if figures.lag <= figures.lag_limit:
        return ""
    return (
        f"the generator itself was late by {in_time(figures.lag)}, of a p99 of {in_time(figures.latency_p99)};"
        f" up to {in_time(figures.lag_limit)} would be fine{_cause(figures)}"
    )


def _missed(figures: GeneratorFigures) -> str:
    due = figures.calls + figures.missed
    if figures.missed <= max(1, _MISSED_SHARE * due):
        return ""
    return f"{figures.missed} of {due} calls were due and never began{_cause(figures)}"


def _cause(figures: GeneratorFigures) -> str:
    """What the processor's accounts say about it."""
    if figures.all_busy:
        return f": all {figures.users} users were busy; more of them are users={figures.users * 4}"
    if not figures.elapsed:
        return ""
    if figures.starved > _STARVED * figures.elapsed:
        return (
            f": others had the processors while it was ready to run, for {in_time(figures.starved)}"
            f" of {in_time(figures.elapsed)}"
        )
    if figures.cpu > _BUSY * figures.elapsed:
        more = f"; more processes are workers={max(2, figures.workers * 2)}" if figures.workers else ""
        return f": its process took {figures.cpu / figures.elapsed:.0%} of a processor, as much as Python can{more}"
    return ""
