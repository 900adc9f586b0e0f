from __future__ import annotations

import time

import pytest

from metricrig._core.deadlines import FIRST_PAUSE, LONGEST_PAUSE, Deadline, next_pause


@pytest.mark.parametrize(("waited", "pause"), [(0, 0.0002), (0.02, 0.001), (0.1, 0.005), (0.5, 0.025), (60, 0.05)])
def test_pauses_grow_with_the_wait_within_limits(waited: float, pause: float) -> None:
    assert next_pause(waited) == pytest.approx(pause)
    assert FIRST_PAUSE <= next_pause(waited) <= LONGEST_PAUSE


def test_pauses_end_with_the_deadline() -> None:
    deadline = Deadline.after(0.02)
    for pause in deadline.pauses():
        assert pause <= 0.02
        time.sleep(pause)
    assert deadline.expired
    assert deadline.remaining == 0
    assert 0.02 <= deadline.elapsed < 10
