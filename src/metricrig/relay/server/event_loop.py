"""The relay's loop: calls whoever has a socket that is ready, or a time that has come."""

from __future__ import annotations

import heapq
import itertools
import select
from time import monotonic

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from collections.abc import Callable

_BATCH = 64
"""Sockets that are served before timers and orders have their turn: an order waits for a few milliseconds at most."""
_LONGEST_WAIT = 3600.0
"""Seconds: what is set for later waits again. The system takes no timeout above 24 days."""
READ, WRITE = select.EPOLLIN, select.EPOLLOUT


class Alarm:
    """A call at a time, unless it is cancelled before."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Do not call."""
        self.call = None


class EventLoop:
    """One thread's. Readiness is told as long as it lasts, so nothing has to be used up at once."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, int] = {}
        self._calls: dict[int, Callable[[int], None]] = {}
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = itertools.count()

    def watch(self, descriptor: int, wanted: int, call: Callable[[int], None]) -> None:
        """Have ``call`` hear when one of these is so, or the socket is broken; with nothing wanted, hear nothing."""
        known = self._watched.get(descriptor, 0)
        self._calls[descriptor] = call
        if wanted == known:
            return
        self._watched[descriptor] = wanted
        if not known:
            self._epoll.register(descriptor, wanted)
        elif wanted:
            self._epoll.modify(descriptor, wanted)
        else:  # what is broken would be told for ever, wanted or not
            self._epoll.unregister(descriptor)

    def forget(self, descriptor: int) -> None:
        """It is about to be closed."""
        if self._watched.pop(descriptor, 0):
            self._epoll.unregister(descriptor)
        self._calls.pop(descriptor, None)

    def at(self, when: float, call: Callable[[], None]) -> Alarm:
        """Call at this time of the monotonic clock."""
        alarm = Alarm(when, call)
        heapq.heappush(self._alarms, (when, next(self._numbers), alarm))
        return alarm

    def run(self) -> None:
        """For ever."""
        while True:
            for descriptor, found in self._epoll.poll(self._until_next(), _BATCH):
                call = self._calls.get(descriptor)
                if call is not None:  # nobody has closed it a moment ago
                    call(found)
            self._ring()

    def _until_next(self) -> float:
        while self._alarms and self._alarms[0][2].call is None:
            heapq.heappop(self._alarms)
        return min(max(0.0, self._alarms[0][0] - monotonic()), _LONGEST_WAIT) if self._alarms else -1

    def _ring(self) -> None:
        if not self._alarms:
            return
        now = monotonic()
        due = []
        while self._alarms and self._alarms[0][0] <= now:
            due.append(heapq.heappop(self._alarms)[2])
        for each in due:  # what they set for now has its turn after the sockets
            if each.call is not None:
                each.call()
