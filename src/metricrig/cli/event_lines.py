"""Every event as a line of text: for logs, pipes and CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig import events
from metricrig._core.amounts import in_time

if TYPE_CHECKING:
    from metricrig.events import Event, FaultEvent, LoadEvent, RigEvent, ServiceEvent, StormEnded, ToolEvent

_EXPECTED_TO_REFUSE = {"explicit", "cache", "path"}
"""Reasons of sources that are not worth a line: that nothing was there yet. ``doctor`` shows them."""


def line_of(event: Event) -> str | None:
    """What happened, in a line; None if it is not worth one."""
    match event:
        case events.ToolEvent():
            about, said = event.tool, _of_tool(event)
        case events.ImageObtained():
            about, said = f"image {event.image}", f"there after {in_time(event.seconds)}"
        case events.LoadEvent():
            about, said = event.load, _of_load(event)
        case events.ServiceEvent():
            about, said = event.service, _of_service(event)
        case events.FaultEvent():
            about, said = event.victim, _of_fault(event)
        case events.RigEvent():
            about, said = event.rig, _of_rig(event)
        case _:
            return None
    return f"{about}: {said}" if said else None


def _of_rig(event: RigEvent) -> str | None:
    match event:
        case events.RigOpened():
            return f"open in {event.directory}"
        case events.RigClosed():
            return f"closed after {in_time(event.seconds)}" + (f", kept {event.kept}" if event.kept else "")
        case events.StormBegan():
            return event.plan.splitlines()[0]
        case events.StormEnded():
            return _of_storm(event)
    return None


def _of_storm(event: StormEnded) -> str:
    ready = f", all ready {in_time(event.recovery)} later" if event.recovery is not None else ""
    faults = "fault" if event.faults == 1 else "faults"
    trouble = f": {event.trouble.splitlines()[0]}" if event.trouble else ""
    return f"storm over after {in_time(event.seconds)}, {event.faults} {faults} healed{ready}{trouble}"


def _of_fault(event: FaultEvent) -> str | None:
    match event:
        case events.FaultBegan():
            return f"{event.kind}: {event.sentence} ({event.evidence})"
        case events.FaultHealed():
            return f"{event.kind} healed after {in_time(event.seconds)} ({event.evidence})"
    return None


def _of_tool(event: ToolEvent) -> str | None:
    match event:
        case events.SourceTried(what=what) if what:
            return what
        case events.SourceRefused(source=source, why=why) if source not in _EXPECTED_TO_REFUSE:
            return f"{source} cannot: {why}"
        case events.ToolObtained():
            return f"{event.version or 'unknown version'} from {event.source} in {in_time(event.seconds)}"
    return None


def _of_load(event: LoadEvent) -> str | None:
    match event:
        case events.LoadBegan():
            return f"load begins, {event.sentence}"
        case events.LoadEnded():
            return event.summary + (f"; INVALID: {'; '.join(event.reasons)}" if event.reasons else "")
    return None


def _of_service(event: ServiceEvent) -> str:
    said = type(event).__name__
    match event:
        case events.ServiceStarting():
            said = f"starting {event.command[0]}"
        case events.ServiceReady():
            said = f"ready after {in_time(event.seconds)}, pid {event.pid}"
        case events.ServiceJoined():
            said = f"found running, pid {event.pid}" + (", from an earlier test run" if event.reused else "")
        case events.ServiceAttached():
            said = f"attached to {event.address}"
        case events.ServiceFailed():
            said = f"failed: {event.why}"
        case events.ServiceMoved():
            said = f"port {event.port} moved from {event.old} to {event.new}: somebody else has it"
        case events.ServiceDiedUnasked():
            said = f"DIED: {event.how}"
        case events.ServicePaused() | events.ServiceResumed():
            said = "paused" if isinstance(event, events.ServicePaused) else "resumed"
        case events.ServiceStopped():
            killed = ", had to be killed" if event.escalated else ""
            said = f"{event.how} {in_time(event.seconds)} after it was asked to stop{killed}"
    return said
