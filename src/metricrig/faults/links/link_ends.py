"""Links that end connections: after so many bytes, or so many seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.amounts import in_bytes, in_time
from metricrig._core.arguments import count, seconds
from metricrig._core.errors import UsageError
from metricrig.faults.links.connection_fault import ConnectionFault, both_pass
from metricrig.relay.effects import Quota, Reset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.faults.links.link_fault import Direction
    from metricrig.faults.links.link_way import LinkWay
    from metricrig.faults.links.witness import Carried, Way, Witness
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.relay.effects import Effect

_MOST = 16 << 20
"""Bytes that are sent to see a connection end; of one that ends later, it is seen that it has not by then."""
_BEYOND = 16
"""Bytes that are sent in addition, of which none should arrive."""
_SOON = 0.25
"""Seconds that are waited for an end; one that comes later is not."""


class _EndOfBytes(ConnectionFault):
    """An end that comes when so many bytes have passed."""

    how = ""
    """How the connection ends."""
    limit: int | None = None

    def _ends(self, witness: Witness, way: Way) -> str:
        """That it ends when it should."""
        limit = self.limit or 0
        sent = min(limit + _BEYOND, _MOST)
        got = witness.carry(way, bytes(sent))
        expected = f"{way}, no more than {in_bytes(limit)} pass, and the connection is {self.how}"
        if not self._as_expected(got, limit):
            raise self.without_effect(expected, f"{in_bytes(len(got.data))} passed, and it is {got.ended or 'open'}")
        return f"{len(got.data)} bytes passed {way}, and the connection was {got.ended or 'still open'}"

    def _as_expected(self, got: Carried, limit: int) -> bool:
        if limit + _BEYOND > _MOST:
            return len(got.data) == _MOST and not got.ended
        return len(got.data) <= limit and got.ended == self.how

    def _goes_on(self, way: Way) -> str:
        """That a connection does not end any more."""
        size = min((self.limit or 0) + _BEYOND, _MOST)
        with self.witness() as new:
            got = new.carry(way, bytes(size))
        if len(got.data) != size:
            raise self.not_healed(f"{in_bytes(size)} pass {way}", f"{len(got.data)} bytes, and it is {got.ended}")
        return f"{len(got.data)} bytes passed {way}, and the connection was still open"

    def _feels(self, old: Witness, way: Way) -> str:
        """One that was open before, and one that is new."""
        if way == self.ways[0]:
            self._ends(old, way)
        with self.witness() as new:
            return self._ends(new, way)


class LimitedBytes(_EndOfBytes):
    """Connections are closed after so many bytes."""

    kind = "limit"
    colour = "#0891b2"
    how = "closed"

    def __init__(
        self, link: LinkWay, active: ActiveFaults, *, limit: int, direction: Direction, share: float, seed: int
    ) -> None:
        super().__init__(link, active, direction=direction, share=share, seed=seed)
        self.limit: int = count(self._call, "bytes", limit)

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"a connection is closed when {in_bytes(self.limit)} have passed {' or '.join(self.ways)}"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        for way in self.ways:
            yield way, Quota(name=self._effect, share=self.share, seed=self.seed, limit=self.limit)

    def _bites(self, old: Witness) -> str:
        return "; ".join(self._feels(old, way) for way in self.ways)

    def _healed(self, old: Witness | None) -> str:
        del old
        return "; ".join(self._goes_on(way) for way in self.ways)


class ResetLater(_EndOfBytes):
    """Connections are reset after so many bytes, or so many seconds."""

    kind = "reset after"
    colour = "#be123c"
    how = "reset"

    def __init__(
        self,
        link: LinkWay,
        active: ActiveFaults,
        *,
        after_bytes: int | None,
        after_seconds: float | None,
        direction: Direction,
        share: float,
        seed: int,
    ) -> None:
        super().__init__(link, active, direction=direction, share=share, seed=seed)
        if (after_bytes is None) == (after_seconds is None):
            raise UsageError("link.reset_after: after what?\n  what works: bytes=10_000, or seconds=2.5; one of them")
        self.limit = None if after_bytes is None else count(self._call, "bytes", after_bytes)
        self.seconds = None if after_seconds is None else seconds(self._call, "seconds", after_seconds)

    @property
    def sentence(self) -> str:
        """What it does."""
        if self.seconds is not None:
            return f"a connection is reset {in_time(self.seconds)} after it was opened, or after this began"
        return f"a connection is reset when {in_bytes(self.limit or 0)} have passed {' or '.join(self.ways)}"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        for way in self.ways:
            yield (
                way,
                Reset(
                    name=self._effect,
                    share=self.share,
                    seed=self.seed,
                    after_bytes=self.limit,
                    after_seconds=self.seconds,
                ),
            )

    def _bites(self, old: Witness) -> str:
        if self.seconds is None:
            return "; ".join(self._feels(old, way) for way in self.ways)
        if self.seconds > _SOON:
            if not both_pass(old):
                raise self.without_effect(f"a connection is open for {in_time(self.seconds)}", "it is not")
            return "a connection is still open; it is in the link's policy how long"
        how = old.how_it_ended()
        if how != self.how:
            raise self.without_effect("a connection that was open is reset", how or "it is still open")
        return "a connection that was open was reset"

    def _healed(self, old: Witness | None) -> str:
        del old
        if self.seconds is None:
            return "; ".join(self._goes_on(way) for way in self.ways)
        with self.witness() as new:
            if new.how_it_ended(within=min(self.seconds, _SOON) * 2) or not both_pass(new):
                raise self.not_healed("a connection stays open", "it has ended")
        return "a connection was open for longer than that" if self.seconds <= _SOON else "a connection is open"
