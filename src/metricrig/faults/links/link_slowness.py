"""Links that are slow: everything takes longer, less passes at a time, ends come late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.amounts import in_bytes, in_time
from metricrig._core.arguments import number, seconds, wrong
from metricrig._core.deadlines import Deadline
from metricrig._core.errors import UsageError
from metricrig._core.frozen_class import frozen_by_name
from metricrig.faults.links.connection_fault import ConnectionFault
from metricrig.relay.effects import Delay, Rate, SlowClose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig.faults.links.link_fault import Direction
    from metricrig.faults.links.link_way import LinkWay
    from metricrig.faults.links.witness import Way, Witness
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.relay.effects import Effect

LOOK_SECONDS = 0.25
"""Of what takes longer it is enough to see that it has not arrived by then."""
_PROVEN_RATE_SECONDS = 0.1
_MOST = 4 << 20
"""Bytes that are sent to see how long they take."""
_EARLIER = 0.8
"""What takes less than this share of its time has not been slowed down: clocks and pieces are not exact."""
HEALED_SECONDS = 10.0
"""In which something has been as quick again as without the fault, once at least, on a machine however busy."""
_QUICK_ENOUGH = 0.005
"""Seconds: what would prove health in less, a busy machine may never do."""
_ATTEMPTS, _SEVERAL = 5, 8


@frozen_by_name
class Measure:
    """Something that takes at least so many seconds while it is slow."""

    what: str
    least: float
    seconds: Callable[[Witness], float]
    """How many it takes a witness; of many more, it is enough to know that it was that long."""


class Slowed(ConnectionFault):
    """Latency, a rate, slow ends: one of them or several."""

    kind = "slow"
    colour = "#ca8a04"

    def __init__(
        self,
        link: LinkWay,
        active: ActiveFaults,
        *,
        latency: float,
        jitter: float,
        rate: float | None,
        slow_close: float,
        direction: Direction,
        share: float,
        seed: int,
    ) -> None:
        super().__init__(link, active, direction=direction, share=share, seed=seed)
        self.latency = seconds(self._call, "latency", latency)
        self.jitter = seconds(self._call, "jitter", jitter)
        self.rate = None if rate is None else number(self._call, "rate", rate)
        self.slow_close = seconds(self._call, "slow_close", slow_close)
        if self.rate is not None and not self.rate > 0:
            raise wrong(self._call, "rate", rate, "bytes a second: rate=64_000; for nothing at all, link.stall()")
        if not (self.latency or self.jitter or self.slow_close or self.rate):
            raise UsageError("link.slow: how slow?\n  what works: link.slow(latency=0.2), link.slow(rate=64_000)")

    @property
    def sentence(self) -> str:
        """What it does."""
        jitter = f" ± {in_time(self.jitter)}" if self.jitter else ""
        parts = [
            f"takes {in_time(self.latency)}{jitter} more" if self.latency or self.jitter else "",
            f"passes at {in_bytes(self.rate)} a second" if self.rate else "",
            f"ends {in_time(self.slow_close)} late" if self.slow_close else "",
        ]
        return f"everything {', '.join(each for each in parts if each)}"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        name, share, seed = self._effect, self.share, self.seed
        for way in self.ways:
            if self.latency or self.jitter:
                yield way, Delay(name=name, share=share, seed=seed, latency=self.latency, jitter=self.jitter)
            if self.rate is not None:
                yield way, Rate(name=name, share=share, seed=seed, bytes_per_second=self.rate)
            if self.slow_close:
                yield way, SlowClose(name=name, share=share, seed=seed, seconds=self.slow_close)

    def _bites(self, old: Witness) -> str:
        seen = []
        for way in self.ways:
            seen += [f"{each.what} took {in_time(self._felt(each, old))} {way}" for each in self._measures(way)]
        return ", ".join(seen)

    def _healed(self, old: Witness | None) -> str:
        seen = []
        for way in self.ways:
            if old is not None and not old.caught_up(way):
                raise self.not_healed(f"all that was sent {way} meanwhile arrives", "some of it has not")
            seen += [f"{each.what} took {in_time(self._felt_no_more(each))} {way}" for each in self._measures(way)]
        return ", ".join(seen)

    def _felt(self, measure: Measure, old: Witness) -> float:
        """How long something takes that should take long, where nothing holds up what should not."""
        took = 0.0
        for attempt in range(_ATTEMPTS):
            with self.witness() as new, self.witness(concerned=False) as free:
                took = measure.seconds(new if attempt else old)
                if took < measure.least:
                    raise self.without_effect(f"{measure.what} takes {in_time(measure.least)} or more", in_time(took))
                if measure.seconds(free) < measure.least:
                    break  # else the machine is so busy that this proves nothing yet
        return took

    def _felt_no_more(self, measure: Measure) -> float:
        within = Deadline.after(HEALED_SECONDS)
        while True:
            with self.witness() as new:
                took = measure.seconds(new)
            if took < max(measure.least, _QUICK_ENOUGH):
                return took
            if within.expired:
                raise self.not_healed(f"{measure.what} takes less than {in_time(measure.least)}", in_time(took))

    def _measures(self, way: Way) -> Iterator[Measure]:
        for each in (effect for place, effect in self._effects() if place == way):
            if isinstance(each, Delay):
                yield _latency_of(each, way)
            elif isinstance(each, Rate):
                yield _rate_of(each, way)
            elif isinstance(each, SlowClose):
                least = min(_EARLIER * each.seconds, LOOK_SECONDS)
                yield Measure(
                    what="an end",
                    least=least,
                    seconds=lambda witness: witness.end(way, within=LOOK_SECONDS * 2).seconds,
                )


def _latency_of(delay: Delay, way: Way) -> Measure:
    """Of one byte; of several one after the other, if some may take no longer than usual."""
    times = 1 if delay.latency > delay.jitter else _SEVERAL
    expected = sum(delay.of(0, count) for count in range(1, times + 1))
    least = min(_EARLIER * expected, LOOK_SECONDS)

    def look(witness: Witness) -> float:
        return sum(witness.carry(way, b"?", within=LOOK_SECONDS * 2).seconds for _ in range(times))

    return Measure(what="a byte" if times == 1 else f"{times} bytes, each after the other,", least=least, seconds=look)


def _rate_of(rate: Rate, way: Way) -> Measure:
    size = min(max(int(rate.bytes_per_second * _PROVEN_RATE_SECONDS), 1), _MOST)
    least = min(_EARLIER * size / rate.bytes_per_second, LOOK_SECONDS)

    def look(witness: Witness) -> float:
        return witness.carry(way, bytes(size), within=LOOK_SECONDS * 2).seconds

    return Measure(what=in_bytes(size), least=least, seconds=look)
