"""What is made and dropped next, as a table."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from metricrig import MetricrigError
from metricrig.services.postgresql.pool_state import DEPTH, LEAVING, MOST_USED, Clone, Drop, Make, PoolState

NOW = 100.0


@dataclass
class Connected:
    """A connection, as far as this matters."""

    alive: bool = True


def stock(*, ready: int = 0, coming: int = 0, waiting: int = 0, used: int = 0, since: float = 0.0) -> PoolState:
    made = PoolState()
    shelf = made.shelf("t")
    shelf.ready.extend(Clone(f"ready{n}", Connected()) for n in range(ready))
    shelf.coming, shelf.waiting, shelf.asked = coming, waiting, 7
    made.used.extend((f"used{n}", since) for n in range(used))
    return made


MAKE = Make("t", 7)


@pytest.mark.parametrize(
    ("state", "task"),
    [
        (stock(), MAKE),
        (stock(ready=DEPTH), None),
        (stock(ready=DEPTH - 1), MAKE),
        (stock(ready=DEPTH - 1, coming=1), None),
        (stock(ready=DEPTH, used=1), Drop("used0")),
        (stock(ready=DEPTH, used=1, since=NOW), pytest.approx(LEAVING)),
        (stock(ready=DEPTH - 1, used=1), MAKE),
        (stock(ready=DEPTH - 1, used=MOST_USED + 1), Drop("used0")),
        (stock(waiting=1, used=MOST_USED + 1), MAKE),
        (stock(waiting=1, coming=1, used=MOST_USED + 1), Drop("used0")),
        (stock(waiting=2, coming=1), MAKE),
    ],
)
def test_who_waits_comes_first_then_memory_then_the_next_test_then_the_past(state: PoolState, task: object) -> None:
    assert state.next_task(NOW) == task


def test_a_task_is_noted_so_that_nobody_else_does_it() -> None:
    state = stock(ready=DEPTH - 1, used=1)
    assert [state.next_task(NOW) for _ in range(3)] == [MAKE, Drop("used0"), None]


def test_after_a_failure_nothing_is_tried_until_somebody_asks() -> None:
    state = stock(waiting=1)
    state.failed(MAKE, MetricrigError("no"))
    state.failed(Drop("used0"), MetricrigError("no"))
    assert state.next_task(NOW) is None
    shelf = state.ask("t")
    assert (shelf.waiting, shelf.failure) == (2, None)
    state.failed(MAKE, MetricrigError("that was before"))
    assert shelf.failure is None
    assert [state.next_task(NOW) for _ in range(DEPTH + 5)][-1] == Drop("used0")


def test_clones_of_a_server_that_has_ended_are_not_handed_out() -> None:
    state = stock(ready=3)
    for clone in list(state.shelf("t").ready)[:2]:
        clone.sentinel.alive = False  # type: ignore[misc]
    assert state.has("t")
    assert [clone.name for clone in state.shelf("t").ready] == ["ready2"]
    assert sorted(state.everything()) == ["ready0", "ready1", "ready2"]
    state.shelf("t").ready[0].sentinel.alive = False  # type: ignore[misc]
    assert not state.has("t")
