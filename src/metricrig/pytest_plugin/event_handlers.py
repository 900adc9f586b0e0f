"""What the plugin makes of the events of all rigs of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.events import (
    ImageEvent,
    ImageObtained,
    LoadEvent,
    RigClosed,
    RigClosing,
    RigOpened,
    ServiceAttached,
    ServiceDiedUnasked,
    ServiceJoined,
    ServiceReady,
    StormBegan,
    ToolEvent,
    ToolObtained,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig._core.events import Event
    from metricrig.pytest_plugin.session import Session


def hear(session: Session, event: Event) -> None:
    """Count, and pass on to the running test what concerns it. On whichever thread brings the news."""
    answer = _ANSWERS.get(type(event))
    if answer is not None:
        answer(session, event)
    elif isinstance(event, ToolEvent | ImageEvent | LoadEvent):
        _taking_time(session, event)


def _ready(session: Session, event: ServiceReady) -> None:
    if event.rig != session.counted_by_leader:
        session.tally.started += 1
        session.tally.seconds += event.seconds


def _joined(session: Session, event: ServiceJoined) -> None:
    if event.reused:
        session.tally.reused.append(f"{event.service} {event.pid}")


def _attached(session: Session, event: ServiceAttached) -> None:
    session.tally.attached.append(f"{event.service} {event.address}")


def _died(session: Session, event: ServiceDiedUnasked) -> None:
    if event.provoked:
        return
    if session.servers_used is not None and session.servers_used.concerns(event):
        session.servers_used.lost()
    elif session.fixtures.have(event.rig, event.service):
        session.tally.deaths.append(f"{event.service} {event.how} while no test used it")


def _opened(session: Session, event: RigOpened) -> None:
    from metricrig.rig import open_rigs  # noqa: PLC0415 - whoever has opened one has it

    session.chaos.give_seeds()
    session.opened(next(each for each in open_rigs() if each.id == event.rig))


def _storm_began(session: Session, event: StormBegan) -> None:
    session.chaos.began(event)


def _closing(session: Session, event: RigClosing) -> None:
    if session.servers_used is not None:
        session.servers_used.ends(event.rig)


def _closed(session: Session, event: RigClosed) -> None:
    session.closed(event.rig)
    if event.kept:
        session.tally.kept.append(event.kept)


def _taking_time(session: Session, event: ToolEvent | ImageEvent | LoadEvent) -> None:
    from metricrig.pytest_plugin.fetch_news import ENDS, news_of  # noqa: PLC0415 - most runs fetch nothing

    news = news_of(event)
    if news is None:
        return
    if news.kind == ENDS and isinstance(event, ToolObtained | ImageObtained):
        session.tally.fetched.append([news.name, event.seconds])
    session.show(news)


_ANSWERS: Mapping[type[Event], Callable[[Session, Any], None]] = {
    ServiceReady: _ready,
    ServiceJoined: _joined,
    ServiceAttached: _attached,
    ServiceDiedUnasked: _died,
    RigOpened: _opened,
    RigClosing: _closing,
    RigClosed: _closed,
    StormBegan: _storm_began,
}
