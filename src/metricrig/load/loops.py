"""Open and closed loops, waited for or in the background."""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import count, wrong
from metricrig._core.deadlines import factor
from metricrig._core.errors import UsageError
from metricrig.load.caller import caller_of
from metricrig.load.rate import rate_of
from metricrig.load.run_plan import RunPlan
from metricrig.load.traffic import Traffic
from metricrig.metrics.times import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from metricrig.load.rate import Rate
    from metricrig.load.resource_use import Watched
    from metricrig.load.run import Run
    from metricrig.load.traffic import EngineMaker

_THREADS, TASKS = 512, 10_000
"""Calls at a time, at most, where nobody says: threads have stacks, tasks hardly anything."""


def open_loop(
    call: Any,
    *,
    rate: float | Rate,
    for_: Any,
    users: int | None = None,
    workers: int | None = None,
    lag: Any = None,
    patience: Any = 10.0,
    watch: Sequence[Watched] = (),
) -> Run:
    """Calls that are due at moments fixed beforehand, however long others take; latency counts from those moments.

    ``users`` is how many may be under way at most. ``lag`` is how much of the p99 may be the generator's
    own; without it, a fifth. ``patience`` is for calls under way when the time is over.
    ``workers`` are processes that share moments and users, where one core is not enough: the call is imported there.
    ``watch`` are instances whose use of processor, memory and descriptors is measured meanwhile.
    """
    who = "load.open_loop"
    sharing = _sharing(who, call, workers)
    plan = _open(who, call, rate=rate, for_=for_, users=users, patience=patience, workers=workers or 1)
    return _traffic(plan, sharing, workers, lag, watch).start().wait()


def closed_loop(
    call: Any,
    *,
    users: int,
    for_: Any,
    think: Any = 0.0,
    workers: int | None = None,
    lag: Any = None,
    patience: Any = 10.0,
    watch: Sequence[Watched] = (),
) -> Run:
    """Users who each call, wait for the answer, think, and call again: a slow server is called less often."""
    who = "load.closed_loop"
    sharing = _sharing(who, call, workers)
    plan = _closed(who, call, users=users, for_=for_, think=think, patience=patience)
    return _traffic(plan, sharing, workers, lag, watch).start().wait()


@contextmanager
def background(
    call: Any,
    *,
    rate: float | Rate | None = None,
    users: int | None = None,
    think: Any = 0.0,
    workers: int | None = None,
    lag: Any = None,
    patience: Any = 10.0,
    watch: Sequence[Watched] = (),
) -> Iterator[Run]:
    """A loop for as long as a block: an open one with a ``rate``, a closed one without; asserted on after the block."""
    who = "load.background"
    if rate is None and users is None:
        raise UsageError(
            f"{who}: neither rate= nor users=\n  what works: rate=50 for an open loop, users=8 for a closed one"
        )
    sharing = _sharing(who, call, workers)
    if rate is not None:
        plan = _open(who, call, rate=rate, for_=math.inf, users=users, patience=patience, workers=workers or 1)
    else:
        plan = _closed(who, call, users=users, for_=math.inf, think=think, patience=patience)
    with _traffic(plan, sharing, workers, lag, watch).in_background() as run:
        yield run


def _sharing(who: str, call: Any, workers: int | None) -> Callable[[RunPlan], EngineMaker] | None:
    """What shares a plan out; the call is pickled now, before anybody has asked it for its first."""
    if workers is None:
        return None
    if count(who, "workers", workers) == 0:
        raise wrong(who, "workers", workers, "at least one process: workers=2; without it, calls are made in this one")
    from metricrig.load.workers.calling_processes import calling_processes  # noqa: PLC0415 - most runs have no workers
    from metricrig.load.workers.pickled_call import pickled_call  # noqa: PLC0415 - as above

    return partial(calling_processes, who, pickled_call(who, call), workers)


def _traffic(
    plan: RunPlan,
    sharing: Callable[[RunPlan], EngineMaker] | None,
    workers: int | None,
    lag: Any,
    watch: Sequence[Watched],
) -> Traffic:
    engine = sharing(plan) if sharing else None
    return Traffic(plan, seconds_or_none(lag), engine, watch, workers or 1)


def _open(who: str, call: Any, *, rate: Any, for_: Any, users: int | None, patience: Any, workers: int) -> RunPlan:
    caller = caller_of(who, call)
    if users is None and caller.own_users:
        raise UsageError(f"{who}: {caller.name} is a class, so it has to be said how many there are: users=20")
    most = _users(who, users) if users is not None else workers * (TASKS if caller.awaited else _THREADS)
    return RunPlan(caller, most, length_of(who, for_), rate_of(who, rate), patience=duration(patience) * factor())


def _closed(who: str, call: Any, *, users: Any, for_: Any, think: Any, patience: Any) -> RunPlan:
    return RunPlan(
        caller_of(who, call),
        _users(who, users),
        length_of(who, for_),
        think=duration(think),
        patience=duration(patience) * factor(),
    )


def _users(who: str, given: Any) -> int:
    if (number := count(who, "users", given)) == 0:
        raise wrong(who, "users", given, "at least one: users=8")
    return number


def length_of(who: str, given: Any) -> float:
    """The seconds of a run."""
    if (length := duration(given)) > 0:
        return length
    raise wrong(who, "for_", given, 'a duration above 0: for_="10s"')


def seconds_or_none(given: Any) -> float | None:
    """A lag that is borne, or none that was said."""
    return None if given is None else duration(given)
