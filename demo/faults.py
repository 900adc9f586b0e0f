"""Act 4: servers freeze and die, and who waits on them hears of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import wires
from stage import expect

from metricrig import ServiceDied
from metricrig._core.amounts import in_time

if TYPE_CHECKING:
    from stage import Stage, Step

    from metricrig import Rig

_QUICKLY = 0.1
"""Seconds between a death and the error that tells of it; on a quiet machine it is one or two thousandths."""


def break_things(stage: Stage, rig: Rig) -> None:
    """Do it to those that the rig has."""
    stage.act("4  Faults: frozen, killed, and back again")
    if "redis" in rig:
        with stage.step("pause redis") as step:
            step.said = _freeze(rig["redis"])
    if "postgresql" in rig:
        pg = rig["postgresql"]
        before = pg.pid, pg.port
        with stage.step("kill postgresql") as step:
            _kill_while_waited_for(stage, pg, step)
        with stage.step("start it again") as step:
            step.said = _bring_back(pg, *before)


def _freeze(redis: Any) -> str:
    """A frozen server accepts connections and answers nobody; resumed, it goes on where it was."""
    redis.pause()
    try:
        said = wires.redis_command(redis.host, redis.port, "PING", within=0.2)
    except TimeoutError:
        said = ""
    expect(not said, f"a frozen Redis said {said!r}")
    redis.resume()
    got = wires.redis_command(redis.host, redis.port, "GET", "answer")
    expect(got == "42", f"after resume() GET answered {got!r}")
    return "no answer for 200 ms; after resume() GET answer -> 42"


def _kill_while_waited_for(stage: Stage, pg: Any, step: Step) -> None:
    """Somebody kills it while the test waits, for up to 30 s, for a line in its log."""
    died: list[float] = []

    def kill() -> None:
        died.append(time.monotonic())
        os.kill(pid, signal.SIGKILL)

    pid = pg.pid
    timer = threading.Timer(0.3, kill)
    timer.start()
    try:
        pg.logs.wait("a line that never comes", within=30)
    except ServiceDied as error:
        late = time.monotonic() - died[0]
        expect("SIGKILL" in error.how and error.log_tail != "", f"the error does not tell all: {error}")
        expect(late < _QUICKLY, f"the error came {in_time(late)} after the death")
        step.said = f"SIGKILL in a wait of 30 s; the error above came {in_time(late)} later"
        stage.quote(type(error).__name__, str(error))
    finally:
        timer.join()


def _bring_back(pg: Any, old_pid: int, old_port: int) -> str:
    """Same port, same data, another process."""
    expect(pg.state == "died", f"its state is {pg.state!r}")
    pg.start()
    expect(pg.port == old_port, f"it had port {old_port} and has {pg.port}")
    expect(pg.pid != old_pid, "it has the same pid")
    pieces = pg.psql("SELECT sum(pieces) FROM orders")
    expect(pieces == "7", f"the sum is {pieces!r} now")
    return f"ready after {in_time(pg.ready_after or 0)} on the same port {pg.port}, and the sum is still 7"
