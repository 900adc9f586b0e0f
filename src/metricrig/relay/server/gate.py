"""A gate: the effects that concern one direction of one connection, and what follows from them for its next bytes.

It decides, and touches no socket: when may how many bytes of what waits pass, and as what; and when is it all over.
"""

from __future__ import annotations

from math import inf

from metricrig.relay.chance import chance
from metricrig.relay.effects import Corruption, Delay, Hold, Quota, Rate, Reset, Slicing, SlowClose, Swallow

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeVar

    from metricrig.relay.effects import Effect

    E = TypeVar("E", bound=Effect)
    _Key = tuple[str, str]

_SMOOTH = 0.02
"""Seconds: at a limited rate, what passes in so much time is one piece."""
_CATCH_UP = 0.1
"""Seconds that a rate may make up for, when whoever receives was slow."""
_AHEAD, _FAR_AHEAD = 1 << 16, 1 << 22
"""Bytes that are taken from a sender before they may pass: as much as is on its way on a long line, if it is one."""
CLOSED, RESET = "closed", "reset"


class Beginnings:
    """Since when effects have concerned this direction: what they count begins there."""

    def __init__(self) -> None:
        self._since: dict[_Key, tuple[float, int]] = {}
        self._first_byte: dict[_Key, float] = {}

    def exchange(self, effects: Iterable[Effect], now: float, passed: int) -> None:
        """These and no others concern it from now on; those that did before go on counting."""
        self._since = {_key(each): self._since.get(_key(each), (now, passed)) for each in effects}
        self._first_byte = {key: when for key, when in self._first_byte.items() if key in self._since}

    def time(self, effect: Effect) -> float:
        """When it began."""
        return self._since[_key(effect)][0]

    def anew(self, effect: Effect, now: float) -> None:
        """Its time begins now."""
        self._since[_key(effect)] = now, self.passed(effect)

    def passed(self, effect: Effect) -> int:
        """How many bytes had passed by then."""
        return self._since[_key(effect)][1]

    def first_byte(self, effect: Effect, now: float | None = None) -> float | None:
        """When the first byte came after it began; if one comes now, then perhaps now."""
        return self._first_byte.get(_key(effect)) if now is None else self._first_byte.setdefault(_key(effect), now)


def _key(effect: Effect) -> _Key:
    return type(effect).__name__, effect.name


class Gate:
    """What the effects do to one direction of the connection of this number."""

    def __init__(self, effects: Sequence[Effect], number: int, begun: Beginnings) -> None:
        def those(kind: type[E]) -> list[E]:
            return [each for each in effects if isinstance(each, kind)]

        self._number = number
        self._delays, self._slicings, self._corruptions = those(Delay), those(Slicing), those(Corruption)
        self._rate = min((each.bytes_per_second for each in those(Rate)), default=inf)
        self._slow_close = sum(each.seconds for each in those(SlowClose))
        self.held = bool(those(Hold)) or self._rate <= 0
        self.swallows = bool(those(Swallow))
        self.slices = bool(self._slicings)
        self.closes_all = any(each.close_all for each in those(Swallow))
        self._ends_held = self.held or any(not each.ends_pass for each in those(Swallow))
        self.ahead = _FAR_AHEAD if self._delays and self._rate == inf else _AHEAD
        self._ends = [(begun.passed(each) + each.limit, CLOSED) for each in those(Quota)]
        resets = those(Reset)
        self._ends += [
            (begun.passed(each) + each.after_bytes, RESET) for each in resets if each.after_bytes is not None
        ]
        self._ends.sort()
        self._swallows, self._resets = those(Swallow), resets
        self._begun = begun
        self.deadlines = list(self._due())
        """When the connection ends, whatever passes, and how."""
        self._not_before = 0.0
        """When the piece before has passed, and its pause is over."""
        self._pieces = 0

    def something_came(self, now: float) -> None:
        """A byte, or the end: the time of some effects begins with it."""
        for swallow in self._swallows:
            if swallow.from_last_byte:
                self._begun.anew(swallow, now)
        for reset in self._resets:
            if reset.from_first_byte:
                self._begun.first_byte(reset, now)
        self.deadlines = list(self._due())

    def next_piece(self, arrived: float, count: int, size: int, passed: int) -> tuple[float, int]:
        """When so many of the bytes that wait may pass, which have arrived then, as the ``count``-th to do so."""
        if self.held:
            return inf, 0
        when = max(arrived + self._delay(count), self._not_before)
        for each in self._slicings:
            size = min(size, self._sliced(each))
        if self._ends:
            size = min(size, self._ends[0][0] - passed)
        if self._rate != inf:
            size = min(size, max(1, int(self._rate * _SMOOTH)))
            when += size / self._rate
        return when, max(size, 0)

    def has_passed(self, when: float, now: float) -> None:
        """A piece that might pass at ``when`` has done so now."""
        self._pieces += 1
        self._not_before = max(when, now - _CATCH_UP) if self._rate != inf else 0.0
        pause = max((each.pause for each in self._slicings), default=0.0)
        if pause:
            self._not_before = max(self._not_before, now + pause)

    def altered(self, data: bytes, passed: int) -> bytes:
        """What the bytes at this place of the connection become."""
        for each in self._corruptions:
            data = each.altered(data, self._number, passed)
        return data

    def end_after(self, passed: int) -> str | None:
        """How the connection ends now that so many bytes have passed, if it does."""
        return self._ends[0][1] if self._ends and passed >= self._ends[0][0] else None

    def end_passes_at(self, arrived: float, count: int) -> float:
        """When the end may pass that has come then."""
        if self._ends_held:
            return inf
        return max(arrived + self._delay(count), self._not_before) + self._slow_close

    def _due(self) -> Iterator[tuple[float, str]]:
        for swallow in self._swallows:
            if swallow.close_after is not None:
                yield self._begun.time(swallow) + swallow.close_after, CLOSED
        for reset in self._resets:
            start = self._begun.first_byte(reset) if reset.from_first_byte else self._begun.time(reset)
            if reset.after_seconds is not None and start is not None:
                yield start + reset.after_seconds, RESET

    def _delay(self, count: int) -> float:
        return sum(each.of(self._number, count) for each in self._delays)

    def _sliced(self, slicing: Slicing) -> int:
        spread = slicing.variation * (2 * chance(slicing.seed, self._number, self._pieces) - 1)
        return max(1, slicing.size + int(spread))
