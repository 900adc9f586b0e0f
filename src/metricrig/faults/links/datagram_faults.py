"""What can be done to datagrams: some are lost, late, doubled, or overtaken by others."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from metricrig._core.amounts import in_time
from metricrig._core.arguments import seconds, wrong
from metricrig._core.deadlines import Deadline
from metricrig._core.errors import UsageError
from metricrig.faults.links.datagram_witness import DatagramWitness
from metricrig.faults.links.link_fault import LinkFault
from metricrig.relay.datagram_fate import fate_of
from metricrig.relay.effects import Delay, Duplication, Loss, Reordering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.faults.links.link_fault import Direction
    from metricrig.faults.links.link_way import LinkWay
    from metricrig.faults.links.witness import Way
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.relay.effects import Effect

_LEAST, _MOST = 16, 2000
"""Datagrams that are sent for a proof: as many as it takes for one to be among the share."""
_ATTEMPTS = 5
"""A machine may be too busy for the next one to overtake one in time."""
LOOK_SECONDS = 0.25
"""Of what takes longer it is enough to see that it has not arrived by then."""
HEALED_SECONDS = 10.0
"""In which all have arrived at once again, on a machine however busy."""
_EARLIER, _QUICK_ENOUGH = 0.8, 0.005
"""As for connections: see ``link_slowness``."""


class DatagramFault(LinkFault[DatagramWitness]):
    """Something done to a share of the datagrams of a link."""

    def _connected(self) -> DatagramWitness:
        return DatagramWitness(self.link.route, self._effect)

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        for way in self.ways:
            yield way, self._what()

    def _what(self) -> Effect:
        """What is done in each direction."""
        raise NotImplementedError

    def _bites(self, old: DatagramWitness) -> str:
        return ", ".join(self._felt(old, way) for way in self.ways)

    def _felt(self, old: DatagramWitness, way: Way) -> str:
        """How datagrams in one direction feel it."""
        expected, got, more = self._sent(old, way)
        for _ in range(_ATTEMPTS):
            if got == expected and not more:
                return f"of {self._enough(1)} datagrams {way}, {self._story(expected)}"
            old.drain(way)
            expected, got, more = self._sent(old, way)
        raise self.without_effect(f"{way}, {_shown(expected)} arrive", f"{_shown(got)}{more}")

    def _sent(self, old: DatagramWitness, way: Way) -> tuple[list[int], list[int], str]:
        expected, got = old.arriving(way, [self._what()], self._enough(old.sent[way] + 1))
        with DatagramWitness(self.link.route, None) as free:
            free.arriving(way, [], 2)  # twice: what was sent before has had its turn when the second one has
        return expected, got, "" if old.silent(way) else ", and more"

    def _healed(self, old: DatagramWitness | None) -> str:
        del old
        for way in self.ways:
            with self._anew() as new:
                expected, got = new.arriving(way, [], self._enough(new.sent[way] + 1))
                quiet = new.silent(way)
            if got != expected or not quiet:
                raise self.not_healed(f"{way}, each of {len(expected)} arrives once, in order", _shown(got))
        return "each datagram arrived once, in order"

    def _anew(self) -> DatagramWitness:
        """One for a link that has healed."""
        try:
            return self._connected()
        except TimeoutError:
            raise self.not_healed("the first datagrams arrive", "they do not") from None

    def _enough(self, first: int) -> int:
        """How many have to be sent until something happens to one, and has happened when the last has arrived."""
        plain, fates = fate_of([], 0, 0), [self._what()]
        last = first + _LEAST
        while last < first + _MOST and all(fate_of(fates, 0, each) == plain for each in range(first, last)):
            last += 1
        while fate_of(fates, 0, last).overtaken_within is not None:
            last += 1
        return last - first + 1

    def _story(self, expected: list[int]) -> str:
        return f"{len(expected)} arrived"


class Dropped(DatagramFault):
    """Some are lost."""

    kind = "drop"
    colour = "#dc2626"

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.share:.0%} of the datagrams are lost"

    def _what(self) -> Effect:
        return Loss(name=self._effect, share=self.share, seed=self.seed)


class Duplicated(DatagramFault):
    """Some come twice."""

    kind = "duplicate"
    colour = "#0891b2"

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.share:.0%} of the datagrams arrive twice"

    def _what(self) -> Effect:
        return Duplication(name=self._effect, share=self.share, seed=self.seed)


class Reordered(DatagramFault):
    """Some are overtaken."""

    kind = "reorder"
    colour = "#4d7c0f"

    def __init__(
        self, link: LinkWay, active: ActiveFaults, *, direction: Direction, share: float, seed: int, at_most: float
    ) -> None:
        super().__init__(link, active, direction=direction, share=share, seed=seed)
        if self.share >= 1:
            raise wrong(self._call, "share", share, "less than all, for others to come first: share=0.2")
        self.at_most = seconds(self._call, "at_most", at_most)

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.share:.0%} of the datagrams are overtaken by the next"

    def _what(self) -> Effect:
        return Reordering(name=self._effect, share=self.share, seed=self.seed, at_most=self.at_most)

    def _story(self, expected: list[int]) -> str:
        return f"{sum(a > b for a, b in pairwise(expected))} were overtaken"


class Delayed(DatagramFault):
    """All of them, or some, are late; who is later may be first."""

    kind = "delay"
    colour = "#ca8a04"

    def __init__(
        self,
        link: LinkWay,
        active: ActiveFaults,
        *,
        latency: float,
        jitter: float,
        direction: Direction,
        share: float,
        seed: int,
    ) -> None:
        super().__init__(link, active, direction=direction, share=share, seed=seed)
        self.latency = seconds(self._call, "latency", latency)
        self.jitter = seconds(self._call, "jitter", jitter)
        if not (self.latency or self.jitter):
            raise UsageError("link.delay: how long?\n  what works: link.delay(latency=0.2)")

    @property
    def sentence(self) -> str:
        """What it does."""
        jitter = f" ± {in_time(self.jitter)}" if self.jitter else ""
        return f"{self.share:.0%} of the datagrams are {in_time(self.latency)}{jitter} late"

    def _what(self) -> Effect:
        return Delay(name=self._effect, share=self.share, seed=self.seed, latency=self.latency, jitter=self.jitter)

    def _felt(self, old: DatagramWitness, way: Way) -> str:
        expected, took = self._slowest(old, way)
        least = min(_EARLIER * expected, LOOK_SECONDS)
        if took < least:
            raise self.without_effect(f"one {way} takes {in_time(least)} or more", in_time(took))
        return f"one took {in_time(took)} {way}"

    def _healed(self, old: DatagramWitness | None) -> str:
        del old
        for way in self.ways:
            within = Deadline.after(HEALED_SECONDS)
            while not self._all_quick(way):
                if within.expired:
                    raise self.not_healed(f"all arrive {way} as soon as they are sent", "one of them is late")
        return "all arrive as soon as they are sent"

    def _all_quick(self, way: Way) -> bool:
        with self._anew() as new:
            expected, took = self._slowest(new, way)
        return took < max(min(_EARLIER * expected, LOOK_SECONDS), _QUICK_ENOUGH)

    def _slowest(self, witness: DatagramWitness, way: Way) -> tuple[float, float]:
        """How late the latest of the next ones should be, and how late it is."""
        first = witness.sent[way] + 1
        delays = [fate_of([self._what()], 0, each).delay for each in range(first, first + _LEAST)]
        for _ in range(delays.index(max(delays))):
            witness.send(way)
        return max(delays), witness.took(way, within=LOOK_SECONDS * 2)


def _shown(numbers: list[int]) -> str:
    return f"{len(numbers)} datagrams, {', '.join(map(str, numbers[:8]))}…"
