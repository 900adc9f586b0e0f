"""A fault: something done to a link or an instance. It is in force from its start until it is healed; both are proven.

A kind of fault says how it is inflicted and mended, and how each is proven *from the victim's side*: a connect that is
refused, a write that fails. What begins, ends, is told and is cleaned up is the same for all of them, and is here.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from metricrig._core.errors import UsageError
from metricrig._core.events import FaultBegan, FaultHealed

if TYPE_CHECKING:
    from types import TracebackType

    from metricrig.lifecycle.active_faults import ActiveFaults


class Fault(ABC):
    """A context manager, and ``start()`` and ``heal()``. It can be started again when it has healed."""

    kind: ClassVar[str]
    """One word or two for what is done: "cut", "disk full"."""
    colour: ClassVar[str]
    """How a report draws it, as ``#rrggbb``."""

    def __init__(self, victim: str, active: ActiveFaults) -> None:
        self.victim = victim
        self.began: float | None = None
        """When it began to be inflicted, on the monotonic clock: all that it does lies between this and ``ended``."""
        self.ended: float | None = None
        """When it was proven to have healed."""
        self.evidence = ""
        """How it was proven that it bites."""
        self.healing_evidence = ""
        """How it was proven that it has healed."""
        self._active = active
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """What is done to whom: "redis: paused"."""
        return f"{self.victim}: {self.kind}"

    @property
    @abstractmethod
    def sentence(self) -> str:
        """What it does, for a report."""

    @property
    def in_force(self) -> bool:
        """Whether it has begun, and not healed."""
        return self.began is not None and self.ended is None

    def require(self) -> None:  # noqa: B027 - one that every machine can do has nothing to say
        """Raise ``Unavailable`` if it cannot be had here: asked before anything is done, and before a storm begins."""

    @abstractmethod
    def _inflict(self) -> None:
        """Do it. What has been done when this fails is taken back by ``_mend``."""

    @abstractmethod
    def _proof(self) -> str:
        """How the victim feels it; raises ``FaultWithoutEffect`` if it does not."""

    @abstractmethod
    def _mend(self) -> None:
        """Take it back, or what of it was done; fine for a victim that has ended."""

    @abstractmethod
    def _proof_of_health(self) -> str:
        """How the victim does without it; raises ``FaultNotHealed`` if it still suffers."""

    def start(self) -> Self:
        """Inflict it; returns when it is proven to be in force."""
        with self._lock:
            if self.in_force:
                raise UsageError(f"{self.name} is in force already; heal it before it is started again")
            self.require()
            self._active.add(self)
            self.began, self.ended = time.monotonic(), None
            try:
                self._inflict()
                self.evidence = self._proof()
            except BaseException:
                self._withdraw()
                raise
            self._active.stream.emit(
                FaultBegan(
                    rig=self._active.rig,
                    victim=self.victim,
                    kind=self.kind,
                    sentence=self.sentence,
                    evidence=self.evidence,
                    colour=self.colour,
                )
            )
            return self

    def heal(self) -> None:
        """Take it back; returns when it is proven to have healed. Healing twice is fine."""
        with self._lock:
            if not self.in_force:
                return
            self._mend()
            self.healing_evidence = self._proof_of_health()
            began, self.ended = self.began or 0.0, time.monotonic()
            self._active.discard(self)
            self._active.stream.emit(
                FaultHealed(
                    rig=self._active.rig,
                    victim=self.victim,
                    kind=self.kind,
                    evidence=self.healing_evidence,
                    seconds=self.ended - began,
                )
            )

    def _withdraw(self) -> None:
        """Leave nothing of one that did not take hold; why it did not is being raised."""
        try:
            self._mend()
        finally:
            self.ended = time.monotonic()
            self._active.discard(self)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()

    def __repr__(self) -> str:
        state = "in force" if self.in_force else "healed" if self.ended is not None else "not started"
        return f"<{type(self).__name__} {self.name}, {state}>"
