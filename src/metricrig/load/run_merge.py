"""Several runs as one: of generators side by side, or of rounds one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.load.generator_pulse import GeneratorPulse
from metricrig.load.recorder import CallRecorder
from metricrig.load.run import Run
from metricrig.load.run_data import RunData

if TYPE_CHECKING:
    from collections.abc import Iterable


def merge(*runs: Run) -> Run:
    """One run with all their calls. It is as valid as the worst of them, and its throughput counts no time twice."""
    if not runs or any(each.running for each in runs):
        raise UsageError("load.merge: runs that have ended, at least one\n  what works: load.merge(first, second)")
    parts = [each.data for each in runs]
    recorder, pulse = CallRecorder(), GeneratorPulse()
    for each in parts:
        recorder.take_calls(each.recorder.calls, each.recorder.kinds.names, each.recorder.operations)
        pulse.at.extend(each.pulse.at)
        pulse.late.extend(each.pulse.late)
        pulse.cpu += each.pulse.cpu
        pulse.starved += each.pulse.starved
        pulse.parts.extend(each.pulse.parts)
    recorder.close()
    began, ended = min(each.began for each in parts), max(each.until for each in parts)
    data = RunData(
        " + ".join(dict.fromkeys(each.sentence for each in parts)),
        recorder,
        pulse,
        users=sum(each.users for each in parts),
        lag_allowed=_loosest(each.lag_allowed for each in parts),
        began=began,
        ended=ended,
        missed=sum(each.missed for each in parts),
        all_busy=any(each.all_busy for each in parts),
        ended_early=next((each.ended_early for each in parts if each.ended_early), ""),
        lost=any(each.lost for each in parts),
        workers=max(each.workers for each in parts),
        pauses=ended - began - _covered([(each.began, each.until) for each in parts]),
    )
    return Run(data)


def _covered(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one of them went on."""
    total, until = 0.0, float("-inf")
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


def _loosest(allowed: Iterable[float | None]) -> float | None:
    """What each run bears was said for all of them, or is decided anew."""
    said = list(allowed)
    known = [each for each in said if each is not None]
    return max(known) if len(known) == len(said) else None
