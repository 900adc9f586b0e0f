"""A witness for datagrams: it sends some through a link to a far end of its own, and sees which arrive, and when."""

from __future__ import annotations

import select
import socket
import time
from typing import TYPE_CHECKING, Self

from metricrig.faults.links import witness
from metricrig.relay.datagram_fate import fate_of

if TYPE_CHECKING:
    from types import TracebackType

    from metricrig.faults.links.witness import Way
    from metricrig.relay.effects import Effect
    from metricrig.relay.route import Route

_LARGEST = 1 << 16
_LATE_SECONDS = 0.1
"""In which nothing more comes, if nothing has come for so long."""


class DatagramWitness:
    """One sender. ``effect`` is the name of the one that concerns it; None for one that nothing is done to."""

    def __init__(self, route: Route, effect: str | None) -> None:
        self._route = route
        self.sent: dict[Way, int] = {"up": 1, "down": 1}
        """Datagrams in each direction so far."""
        self._near, self._far = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
        try:
            door = route.listen[0]
            for each, host in ((self._near, door[0]), (self._far, "127.0.0.1")):
                each.bind((host, 0))
                each.settimeout(witness.ANSWER_SECONDS)
            self._source = self._near.getsockname()
            route.expect_proof(self._source, self._far.getsockname(), effect)
            self._near.connect(door)
            self._near.send(b"?")
            _, back = self._far.recvfrom(_LARGEST)
            self._far.connect(back)
            self._far.send(b"!")
            self._near.recv(_LARGEST)
        except BaseException:
            self.close()
            raise

    def ends(self, way: Way) -> tuple[socket.socket, socket.socket]:
        """Who sends and who receives."""
        return (self._near, self._far) if way == "up" else (self._far, self._near)

    def send(self, way: Way) -> int:
        """One datagram that says the how-manieth it is."""
        self.sent[way] += 1
        self.ends(way)[0].send(self.sent[way].to_bytes(4, "big"))
        return self.sent[way]

    def received(self, way: Way, *, within: float | None = None) -> int | None:
        """The number of the next one that arrives; None if none does."""
        receiver = self.ends(way)[1]
        seconds = witness.ANSWER_SECONDS if within is None else within
        if not select.select([receiver], [], [], seconds)[0]:
            return None
        return int.from_bytes(receiver.recv(_LARGEST), "big")

    def took(self, way: Way, *, within: float) -> float:
        """For how many seconds one was under way, or was waited for; others may come before it."""
        began, number = time.monotonic(), self.send(way)
        while (left := began + within - time.monotonic()) > 0 and self.received(way, within=left) != number:
            pass
        return time.monotonic() - began

    def arriving(self, way: Way, effects: list[Effect], times: int) -> tuple[list[int], list[int]]:
        """Send so many: which should arrive under the effects, and which do.

        Each is sent when those have arrived that should before, so that none is lost because there are too many.
        """
        expected: list[int] = []
        aside: list[int] = []
        got: list[int] = []
        for _ in range(times):
            number = self.send(way)
            fate = fate_of(effects, 0, number)
            if fate.overtaken_within is not None:
                aside += [number] * fate.copies
                continue
            expected += [number] * fate.copies + aside
            aside = []
            while len(got) < len(expected) and (one := self.received(way)) is not None:
                got.append(one)
            if len(got) < len(expected):
                break
        return expected, got

    def drain(self, way: Way) -> None:
        """Take what is still to come of those that were late."""
        while self.received(way, within=_LATE_SECONDS) is not None:
            pass

    def silent(self, way: Way) -> bool:
        """Whether nothing more has arrived."""
        return self.received(way, within=0) is None

    def close(self) -> None:
        """Both ends of it."""
        self._near.close()
        self._far.close()
        if hasattr(self, "_source"):
            self._route.forget_proof(self._source)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
