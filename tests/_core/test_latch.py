from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any

import pytest
from support.programs import sleeper
from support.waiting import eventually

from metricrig import Rig
from metricrig._core.latch import Latch


def test_whoever_waits_is_woken_and_who_comes_later_does_not_wait() -> None:
    latch = Latch()
    woken: list[bool] = []
    threads = [threading.Thread(target=lambda: woken.append(latch.wait(60))) for _ in range(20)]
    for each in threads:
        each.start()
    assert not latch.wait(0)
    assert not latch.is_set()
    latch.set()
    latch.set()
    for each in threads:
        each.join()
    assert woken == [True] * 20
    assert latch.is_set()
    assert latch.wait()


def test_a_wait_that_runs_out_says_so_and_leaves_nothing_behind() -> None:
    latch = Latch()
    assert not latch.wait(0.001)
    assert not latch.wait(-1)
    assert latch._waiting == []


def test_none_is_missed_who_begins_to_wait_while_it_is_opened() -> None:
    for _ in range(200):
        latch = Latch()
        thread = threading.Thread(target=latch.set)
        thread.start()
        assert latch.wait(60)
        thread.join()


class Interrupter:
    """Raises KeyboardInterrupt at one of the lines that a wait executes, as a signal may at any."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, _frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def test_ctrl_c_at_any_line_of_a_wait_is_ctrl_c(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    running = instance._state.running
    assert running is not None
    before = sys.gettrace()
    for at in range(1, 100):
        interrupter = Interrupter(at)
        try:
            sys.settrace(interrupter)
            running.exited.wait(0.001)
        except KeyboardInterrupt:  # and not RuntimeError, say
            assert interrupter.left == 0
        finally:
            sys.settrace(before)
        if interrupter.left > 0:
            break
    else:
        pytest.fail("the wait did not end")
    assert eventually(lambda: not running.exited.wait(0))
