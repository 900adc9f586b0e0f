"""What services used while they were loaded: processor time, memory and descriptors, of each and all below it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metricrig.resources import Resources

    Samples = dict[str, list[tuple[float, Resources]]]

_EVERY_SECONDS = 0.5
"""A look costs a few milliseconds, during which this process calls nobody."""


class Watched(Protocol):
    """Something with resources, such as an instance of a rig."""

    @property
    def name(self) -> str:
        """What it is called in ``run.resources``."""

    def resources(self) -> Resources:
        """What it uses now."""


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """Of one service, in the time of a run or of a part of it."""

    cpu_seconds: float
    cpu_per_call: float
    """Seconds of processor time that a call has cost it."""
    rss: int
    """Bytes of memory, at most."""
    rss_growth: int
    """Bytes that it has at the end more than at the beginning."""
    fds: int
    """Descriptors, at most."""
    fds_growth: int
    """Those that it has at the end more than at the beginning."""


@contextmanager
def watching(services: Sequence[Watched], samples: Samples) -> Iterator[None]:
    """Look at once, now and then in a thread, and at the end. That the first look fails is an error of the caller's."""
    over = threading.Event()
    for each in services:
        samples[each.name] = [(time.monotonic(), each.resources())]

    def look() -> None:
        while not over.wait(_EVERY_SECONDS):
            _look(services, samples)
        _look(services, samples)

    thread = threading.Thread(target=look, name="metricrig load resources", daemon=True)
    if services:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if services:
            thread.join()


def use_of(samples: list[tuple[float, Resources]], began: float, ended: float, calls: int) -> ResourceUse:
    """What was used in a time: from the last look before it until the first one after it, in proportion."""
    first, last = _nearest(samples, began), _nearest(samples, ended)
    within = [each for at, each in samples if began <= at <= ended] or [first, last]
    cpu = _cpu_at(samples, ended) - _cpu_at(samples, began)
    return ResourceUse(
        cpu_seconds=cpu,
        cpu_per_call=cpu / calls if calls else 0.0,
        rss=max(each.rss for each in within),
        rss_growth=last.rss - first.rss,
        fds=max(each.fds for each in within),
        fds_growth=last.fds - first.fds,
    )


def _look(services: Sequence[Watched], samples: Samples) -> None:
    for each in services:
        try:
            samples[each.name].append((time.monotonic(), each.resources()))
        except Exception:  # noqa: BLE001, S112 - it has died, or is being killed: what was seen of it remains
            continue


def _nearest(samples: list[tuple[float, Resources]], moment: float) -> Resources:
    return min(samples, key=lambda sample: abs(sample[0] - moment))[1]


def _cpu_at(samples: list[tuple[float, Resources]], moment: float) -> float:
    """Between two looks it is taken to grow evenly; before the first and after the last it does not."""
    before = next((each for each in reversed(samples) if each[0] <= moment), samples[0])
    after = next((each for each in samples if each[0] > moment), samples[-1])
    (began, first), (ended, last) = before, after
    share = (moment - began) / (ended - began) if ended > began and moment > began else 0.0
    return first.cpu_seconds + min(share, 1.0) * (last.cpu_seconds - first.cpu_seconds)
