from __future__ import annotations

import copy
import dataclasses

import pytest

from metricrig._core.events import Event, RigOpened, Stream


def test_events_reach_listeners_and_parents_until_they_unsubscribe() -> None:
    parent = Stream()
    child = Stream(parent)
    seen: list[tuple[str, Event]] = []
    parent.subscribe(lambda event: seen.append(("parent", event)))
    event = RigOpened(rig="r", directory="/d")
    with child.listening(lambda event: seen.append(("child", event))):
        child.emit(event)
    child.emit(event)
    assert seen == [("child", event), ("parent", event), ("parent", event)]


def test_a_listener_that_fails_does_not_break_what_it_watches(caplog: pytest.LogCaptureFixture) -> None:
    stream = Stream()
    seen: list[Event] = []

    def broken(_: Event) -> None:
        raise ZeroDivisionError

    stream.subscribe(broken)
    stream.subscribe(seen.append)
    stream.emit(RigOpened(rig="r", directory="/d"))
    assert len(seen) == 1
    assert "a listener failed on RigOpened" in caplog.text


def test_an_event_is_a_frozen_dataclass_whose_fields_are_keywords() -> None:
    event = RigOpened(rig="r", directory="/d", at=1.0, wall=2.0)
    assert repr(event) == "RigOpened(at=1.0, wall=2.0, rig='r', directory='/d')"
    assert event == RigOpened(rig="r", directory="/d", at=1.0, wall=2.0) == copy.deepcopy(event)
    assert hash(event) == hash(dataclasses.replace(event))
    assert event != dataclasses.replace(event, rig="other")
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.rig = "other"  # type: ignore[misc]
    with pytest.raises(TypeError, match="needs directory="):
        RigOpened(rig="r")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no colour"):
        RigOpened(rig="r", directory="/d", colour="red")  # type: ignore[call-arg]
