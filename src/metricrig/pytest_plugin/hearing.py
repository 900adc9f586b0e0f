"""What the plugin makes of the events of all rigs of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.events import RigClosed, RigOpened, ServiceDiedUnasked, ServiceJoined, ServiceReady

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig._core.events import Event
    from metricrig.pytest_plugin.session import Session


def hear(session: Session, event: Event) -> None:
    """Count, and pass on to the running test what concerns it. On whichever thread brings the news."""
    answer = _ANSWERS.get(type(event))
    if answer is not None:
        answer(session, event)


def _ready(session: Session, event: ServiceReady) -> None:
    if event.rig != session.counted_by_leader:
        session.tally.started += 1
        session.tally.seconds += event.seconds


def _joined(session: Session, event: ServiceJoined) -> None:
    if event.reused:
        session.tally.reused.append(f"{event.service} {event.pid}")


def _died(session: Session, event: ServiceDiedUnasked) -> None:
    if event.provoked:
        return
    if session.usage is not None and session.usage.concerns(event):
        session.usage.lost(event)
    elif session.fixtures.have(event.rig, event.service):
        session.tally.deaths.append(f"{event.service} {event.how} while no test used it")


def _opened(session: Session, event: RigOpened) -> None:
    if session.usage is not None and session.usage.called:  # what fixtures open, they close later
        session.usage.opened.append(event.rig)


def _closed(session: Session, event: RigClosed) -> None:
    if session.usage is not None and event.rig in session.usage.opened:
        session.usage.opened.remove(event.rig)
    if event.kept:
        session.tally.kept.append(event.kept)


_ANSWERS: Mapping[type[Event], Callable[[Session, Any], None]] = {
    ServiceReady: _ready,
    ServiceJoined: _joined,
    ServiceDiedUnasked: _died,
    RigOpened: _opened,
    RigClosed: _closed,
}
