"""One direction of a sender's datagrams: each goes on at once, unless its fate is another."""

from __future__ import annotations

from time import monotonic

from metricrig.relay.datagram_fate import fate_of

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.relay.effects import Effect
    from metricrig.relay.server.event_loop import Alarm, EventLoop

_MOST_HELD = 4096
"""Datagrams that are kept for later; as everywhere, what is too many is lost."""


class DatagramFlow:
    """``deliver`` sends one on."""

    def __init__(self, number: int, loop: EventLoop, deliver: Callable[[bytes], None]) -> None:
        self.passed = 0
        self._number, self._loop, self._deliver = number, loop, deliver
        self._effects: Sequence[Effect] = ()
        self._count = 0
        self._held: list[tuple[bytes, int]] = []
        self._later: dict[int, tuple[Alarm, bytes, int]] = {}
        """Those that come at a time, by their count."""
        self._overtaken: list[int] = []
        """Of those, the ones that wait for the next."""

    def exchange(self, effects: Sequence[Effect]) -> None:
        """Have these effects and no others: what waited because of one that is gone comes now."""
        self._effects = effects
        fate = fate_of([each for each in effects if each.share >= 1], self._number, self._count)
        if not fate.held:
            held, self._held = self._held, []
            for data, copies in held:
                self._pass(data, copies)
        if not effects:
            for count in list(self._later):
                self._come(count)

    def arrive(self, data: bytes) -> None:
        """One has come."""
        self._count += 1
        fate = fate_of(self._effects, self._number, self._count)
        if fate.held:
            if len(self._held) < _MOST_HELD:
                self._held.append((data, fate.copies))
        elif fate.overtaken_within is not None:
            self._wait(data, fate.copies, fate.delay + fate.overtaken_within)
            self._overtaken.append(self._count)
        else:
            if fate.delay > 0:
                self._wait(data, fate.copies, fate.delay)
            else:
                self._pass(data, fate.copies)
            overtaken, self._overtaken = self._overtaken, []
            for count in overtaken:
                self._come(count)

    def close(self) -> None:
        """What waits still is lost."""
        for alarm, _, _ in self._later.values():
            alarm.cancel()
        self._later.clear()
        self._held.clear()

    def _wait(self, data: bytes, copies: int, seconds: float) -> None:
        if len(self._later) < _MOST_HELD:
            count = self._count
            self._later[count] = self._loop.at(monotonic() + seconds, lambda: self._come(count)), data, copies

    def _come(self, count: int) -> None:
        found = self._later.pop(count, None)
        if found is not None:
            alarm, data, copies = found
            alarm.cancel()
            self._pass(data, copies)

    def _pass(self, data: bytes, copies: int) -> None:
        for _ in range(copies):
            self.passed += len(data)
            self._deliver(data)
