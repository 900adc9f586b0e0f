"""Sums of events as scrapes see them: a restart begins at 0 again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metricrig.metrics.timeline.clock import Clock


def scrape_of(clock: Clock, moments: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first scrape that sees each of these moments (seconds on the grid); the number of steps if none does."""
    at = np.rint(moments * 1000).astype(np.int64)
    return np.clip(-(-at // clock.every), 0, clock.steps)


def accumulated(
    clock: Clock,
    moments: NDArray[np.float64],
    rows: NDArray[np.int64],
    amounts: NDArray[np.float64],
    *,
    count: int,
    resets: list[float],
) -> NDArray[np.float64]:
    """The sum of the amounts so far, for each row and scrape; what came before a reset is forgotten at it.

    An event at the moment of a reset belongs to the run that begins there.
    """
    restarts = sorted(set(resets))
    run = np.searchsorted(np.array(restarts), moments, side="right")
    seen = scrape_of(clock, moments)
    at_scrape = np.searchsorted(np.array(restarts), clock.offsets(), side="right")
    result = np.zeros((count, clock.steps))
    for each in range(len(restarts) + 1):
        chosen = (run == each) & (seen < clock.steps)
        added = _placed(clock, rows[chosen], seen[chosen], amounts[chosen], count)
        during = at_scrape == each
        result[:, during] = np.cumsum(added, axis=1)[:, during]
    return result


def _placed(
    clock: Clock,
    rows: NDArray[np.int64],
    seen: NDArray[np.int64],
    amounts: NDArray[np.float64],
    count: int,
) -> NDArray[np.float64]:
    places = rows * clock.steps + seen
    flat = np.bincount(places, weights=amounts, minlength=count * clock.steps)
    placed: NDArray[np.float64] = flat.astype(np.float64, copy=False).reshape(count, clock.steps)
    return placed


def since_reset(clock: Clock, resets: list[float]) -> NDArray[np.float64]:
    """For each scrape, the seconds since the run that it sees began."""
    begins = np.array([0.0, *sorted(set(resets))])
    offsets = clock.offsets()
    elapsed: NDArray[np.float64] = offsets - begins[np.searchsorted(begins, offsets, side="right") - 1]
    return elapsed
