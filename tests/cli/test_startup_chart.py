"""The bars of starting services: folded from events, drawn on one axis."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from metricrig import Rig, events
from metricrig.cli.startup_chart import Bars, axis, span, watching_services
from metricrig.services import Redis


@pytest.mark.parametrize(
    ("begin", "end", "drawn"),
    [
        (0.0, 1.0, "████████"),
        (0.5, 1.0, "    ████"),
        (0.0, 0.5, "████ "),
        (0.25, 0.3125, "  ▌"),
        (0.5, 0.5, "    ▏"),  # what took no time at all is still seen
    ],
)
def test_a_bar_is_as_long_as_it_took(begin: float, end: float, drawn: str) -> None:
    assert span(begin, end, 8).rstrip() == drawn.rstrip()


def test_the_axis_ends_with_the_slowest() -> None:
    assert axis(0.4, 40) == "0    100 ms    200 ms    300 ms    400 ms"


def test_bars_follow_the_events() -> None:
    bars = Bars(["redis", "etcd"], width=8)
    began = bars.began
    bars(events.ServiceStarting(rig="r", service="redis", command=("x",), at=began + 0.0501))
    bars(events.ServiceReady(rig="r", service="redis", pid=1, seconds=0.1001, at=began + 0.1001))
    bars(events.ServiceFailed(rig="r", service="etcd", why="no", at=began + 0.2))
    bars(events.ServiceReady(rig="r", service="another", pid=1, seconds=0.1))
    screen = Console(file=io.StringIO(), width=80)
    screen.print(bars.drawn())
    assert isinstance(screen.file, io.StringIO)
    redis, etcd, _ = screen.file.getvalue().splitlines()
    assert redis.split() == ["redis", "░░██", "100", "ms"]
    assert etcd.split()[-1] == "failed"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_real_start_is_watched(rig: Rig, terminal: bool) -> None:
    screen = Console(file=io.StringIO(), width=80, force_terminal=terminal)
    rig.add(Redis())
    with watching_services(screen, rig.events, ["redis"]) as bars:
        rig.start()
    assert bars.bars["redis"].took is not None
    assert isinstance(screen.file, io.StringIO)
    assert "redis" in screen.file.getvalue()
