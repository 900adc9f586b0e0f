"""Everything that happens, as frozen data on one stream.

Logs, the live view of the command, the plugin and the report are renderers of this stream: nothing below them
prints. An event says what happened and carries what a renderer needs; it never carries a live object.
"""

from __future__ import annotations

import time

from metricrig._core.frozen_class import frozen_by_name, made_by
from metricrig._core.stream import Stream, everything

__all__ = ["Event", "Stream", "everything"]


@frozen_by_name
class Event:
    """Something that happened, and when: on the monotonic clock and on the wall clock."""

    at: float = made_by(factory=time.monotonic)
    wall: float = made_by(factory=time.time)


@frozen_by_name
class ToolEvent(Event):
    """Something about obtaining an executable."""

    tool: str


@frozen_by_name
class SourceTried(ToolEvent):
    """A source is asked for a tool; ``what`` says what it is about to do, if that takes time."""

    source: str
    what: str = ""


@frozen_by_name
class SourceRefused(ToolEvent):
    """A source could not deliver, and why."""

    source: str
    why: str


@frozen_by_name
class FetchProgressed(ToolEvent):
    """Fetching or building goes on: ``what`` is being done, for ``seconds`` so far.

    ``done`` and ``total`` are bytes; None where nobody knows, as of a build.
    """

    source: str
    what: str
    done: int | None = None
    total: int | None = None
    seconds: float = 0.0

    @property
    def rate(self) -> float | None:
        """Bytes a second, on the average so far."""
        return self.done / self.seconds if self.done is not None and self.seconds > 0 else None


@frozen_by_name
class ToolObtained(ToolEvent):
    """An executable is there; ``fetched`` if it was not before, and had to be downloaded or built."""

    source: str
    version: str
    path: str
    seconds: float
    fetched: bool = False


@frozen_by_name
class ImageEvent(Event):
    """Something about a container image."""

    image: str


@frozen_by_name
class ImageProgressed(ImageEvent):
    """Something of it has arrived, or was built; ``done`` and ``total`` are bytes of a layer, where they are known."""

    layer: str
    status: str
    done: int | None = None
    total: int | None = None


@frozen_by_name
class ImageObtained(ImageEvent):
    """An image was pulled or built."""

    identity: str
    seconds: float


@frozen_by_name
class RigEvent(Event):
    """Something that happened to a rig as a whole."""

    rig: str


@frozen_by_name
class RigOpened(RigEvent):
    """A rig exists; ``directory`` holds all its files."""

    directory: str


@frozen_by_name
class RigClosing(RigEvent):
    """A rig is about to stop its services and to remove its files: the last moment to look at them."""


@frozen_by_name
class RigClosed(RigEvent):
    """A rig is gone. ``kept`` is its directory, where the user asked to keep it."""

    seconds: float
    kept: str | None = None


@frozen_by_name
class ServiceEvent(RigEvent):
    """Something that happened to one service of a rig."""

    service: str


@frozen_by_name
class ServiceStarting(ServiceEvent):
    """A service's command is about to be executed."""

    command: tuple[str, ...]


@frozen_by_name
class ServiceReady(ServiceEvent):
    """A service answered its readiness probe."""

    pid: int
    seconds: float
    version: str | None = None


@frozen_by_name
class ServiceJoined(ServiceEvent):
    """A service that another process has started is used by this one too; ``reused`` if by an earlier test run."""

    pid: int
    reused: bool


@frozen_by_name
class ServiceAttached(ServiceEvent):
    """A server that somebody else runs is used by this rig, and answers as what it was said to be."""

    address: str


@frozen_by_name
class ServiceFailed(ServiceEvent):
    """A service did not become ready."""

    why: str


@frozen_by_name
class ServiceMoved(ServiceEvent):
    """Somebody else held a port, so the service gets another."""

    port: str
    old: int
    new: int


@frozen_by_name
class ServiceDiedUnasked(ServiceEvent):
    """A service ended and nobody had asked it to; ``provoked`` if the test does things to it of which it may die."""

    how: str
    provoked: bool = False


@frozen_by_name
class ServicePaused(ServiceEvent):
    """A service is frozen: alive, and answering nobody."""


@frozen_by_name
class ServiceResumed(ServiceEvent):
    """A frozen service goes on."""


@frozen_by_name
class ServiceStopped(ServiceEvent):
    """A service ended because it was asked to; ``escalated`` if it had to be killed for that."""

    how: str
    seconds: float
    escalated: bool = False


@frozen_by_name
class FaultEvent(RigEvent):
    """Something about a fault: ``kind`` is done to ``victim``, a link or a service of the rig."""

    victim: str
    kind: str


@frozen_by_name
class FaultBegan(FaultEvent):
    """A fault is in force; ``evidence`` says how that was proven, ``sentence`` what it does."""

    sentence: str
    evidence: str
    colour: str


@frozen_by_name
class FaultHealed(FaultEvent):
    """A fault is over; ``evidence`` says how that was proven."""

    evidence: str
    seconds: float


@frozen_by_name
class StormBegan(RigEvent):
    """A storm begins; ``plan`` is all that it is going to do, as a text. One that was written has no seed."""

    seed: int | None
    plan: str


@frozen_by_name
class StormEnded(RigEvent):
    """A storm is over, after so many ``faults`` and ``seconds``, and what it broke is healed.

    ``recovery`` is how many seconds after that all services were ready again; None if nobody has waited for it.
    """

    seed: int | None
    faults: int
    seconds: float
    recovery: float | None
    trouble: str | None


@frozen_by_name
class LoadEvent(Event):
    """Something about load; ``load`` is the name of what is called."""

    load: str


@frozen_by_name
class LoadBegan(LoadEvent):
    """Calls begin; ``sentence`` says which, how often and for how long."""

    sentence: str


@frozen_by_name
class LoadProgressed(LoadEvent):
    """So far ``calls`` have ended, ``failed`` of them failed; ``rate`` is how many ended in the last second.

    ``p50`` and ``p99`` are latencies in seconds, of all so far.
    """

    calls: int
    failed: int
    under_way: int
    rate: float
    p50: float
    p99: float


@frozen_by_name
class LoadEnded(LoadEvent):
    """A run is over; ``reasons`` say why its figures are not the server's, if they are not."""

    seconds: float
    summary: str
    reasons: tuple[str, ...]
