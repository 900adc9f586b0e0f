"""Links that change what they carry: smaller segments, or other bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.amounts import in_bytes
from metricrig._core.arguments import count, wrong
from metricrig._core.deadlines import Deadline
from metricrig.faults.links.connection_fault import ConnectionFault
from metricrig.relay.effects import Corruption, Slicing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.faults.links.link_fault import Direction
    from metricrig.faults.links.link_way import LinkWay
    from metricrig.faults.links.witness import Way, Witness
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.relay.effects import Effect

_LARGEST_SEGMENT = 32 << 10
"""Bytes: the loopback has segments of about twice that anyway."""
_PIECES = 8
"""Into which what is sent for the proof is split."""
HEALED_SECONDS = 10.0
"""In which what is sent has arrived in fewer segments again, once at least."""
_MOST = 4 << 20
"""Bytes that are looked at for the wrong ones."""
_BEFORE = 1
"""Bytes that have passed in each direction of a witness before a fault begins."""


class SplitUp(ConnectionFault):
    """What passes arrives in small segments."""

    kind = "split"
    colour = "#4d7c0f"

    def __init__(
        self, link: LinkWay, active: ActiveFaults, *, size: int, direction: Direction, share: float, seed: int
    ) -> None:
        super().__init__(link, active, direction=direction, share=share, seed=seed)
        self.size = count(self._call, "bytes", size)
        if not 0 < self.size <= _LARGEST_SEGMENT:
            raise wrong(self._call, "bytes", size, f"from 1 to {_LARGEST_SEGMENT}: bytes=16")

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"everything arrives in segments of {in_bytes(self.size)}"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        for way in self.ways:
            yield way, Slicing(name=self._effect, share=self.share, seed=self.seed, size=self.size)

    def _bites(self, old: Witness) -> str:
        seen = []
        for way in self.ways:
            segments = self._segments(old, way)
            if segments < _PIECES:
                raise self.without_effect(f"{self._sent} bytes come {way} in {_PIECES} segments", f"in {segments}")
            seen.append(f"{self._sent} bytes came {way} in {segments} segments")
        return ", ".join(seen)

    def _healed(self, old: Witness | None) -> str:
        seen = []
        witness = old or self._another()
        for way in self.ways:
            within = Deadline.after(HEALED_SECONDS)
            while (segments := self._segments(witness, way)) >= _PIECES:
                if within.expired:
                    raise self.not_healed(f"{self._sent} bytes come {way} in few segments", f"in {segments}")
            seen.append(f"{self._sent} bytes came {way} in {segments}")
        return ", ".join(seen)

    @property
    def _sent(self) -> int:
        return self.size * _PIECES

    def _segments(self, witness: Witness, way: Way) -> int:
        before = witness.segments(way)
        data = witness.carry(way, bytes(self._sent)).data
        if len(data) != self._sent:
            raise self.without_effect(f"{self._sent} bytes arrive {way}", str(len(data)))
        return witness.segments(way) - before


class Corrupted(ConnectionFault):
    """Some bytes are others."""

    kind = "corrupt"
    colour = "#a21caf"

    def __init__(
        self, link: LinkWay, active: ActiveFaults, *, one_in: int, direction: Direction, share: float, seed: int
    ) -> None:
        super().__init__(link, active, direction=direction, share=share, seed=seed)
        self.one_in = count(self._call, "one_in", one_in)
        if not self.one_in:
            raise wrong(self._call, "one_in", one_in, "in how many bytes there is one wrong one: one_in=1000")

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"one byte in {self.one_in} is wrong"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        for way in self.ways:
            yield way, self._corruption

    def _bites(self, old: Witness) -> str:
        seen = []
        sent = bytes(min(self.one_in * 2, _MOST))
        for way in self.ways:
            expected = self._corruption.altered(sent, 0, _BEFORE)
            got = old.carry(way, sent).data
            if got != expected:
                wrongly = sum(a != b for a, b in zip(got, expected, strict=False))
                raise self.without_effect(
                    f"{way}, those bytes are wrong that the seed decides", f"{wrongly} are not as they should be"
                )
            seen.append(f"{sum(map(bool, got))} of {in_bytes(len(got))} were wrong {way}")
        return ", ".join(seen)

    def _healed(self, old: Witness | None) -> str:
        witness = old or self._another()
        sent = bytes(min(self.one_in * 2, _MOST))
        for way in self.ways:
            if (got := witness.carry(way, sent).data) != sent:
                raise self.not_healed(f"every byte is right {way}", f"{sum(map(bool, got))} are wrong")
        return f"{in_bytes(len(sent))} were right"

    @property
    def _corruption(self) -> Corruption:
        return Corruption(name=self._effect, share=self.share, seed=self.seed, one_in=self.one_in)
