"""Clock: a service is told a wrong time of day; what it measures durations with goes on."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core import arguments
from metricrig._core.amounts import in_time
from metricrig._core.deadlines import Deadline
from metricrig._core.errors import MetricrigError, Unavailable, UsageError
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine.elf_program import asks_the_kernel
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.lifecycle.start import probe_of

if TYPE_CHECKING:
    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running
    from metricrig.runtimes.own_clock import OwnClock

_ASKS_WITHIN = 60.0
"""Seconds in which it has asked for the time: servers do so many times a second, or when they are asked something."""
_LOOK_SECONDS = 0.02
_EARLIEST, _LATEST = 1_000_000_000, 9_000_000_000
"""Seconds since 1970, the years 2001 and 2255: between them a time of day and one since the machine's start differ."""
_LONGEST = 366 * 86_400.0
"""Seconds that a test may last: so long a clock that goes wrong shows times between those."""
_FASTEST = 100
_LOADS_WITHIN = 1.0
"""Seconds in which a process that has just begun has loaded what it will."""
_TOLERANCE = 0.1
"""Seconds: a coarse clock is some milliseconds behind, and a microsecond is lost where a time has no more digits."""


class Clock(MachineFault):
    """Also for what is started within the block: the clock goes wrong, not a process."""

    kind = "wrong clock"
    colour = "#2471a3"

    def __init__(self, victim: Victim, *, offset: float, rate: float) -> None:
        super().__init__(victim)
        self.offset = arguments.number(f"{victim.name}.clock", "offset", offset)
        self.rate = arguments.number(f"{victim.name}.clock", "rate", rate)
        self._set_at = 0.0
        _require_sense(victim.name, self.offset, self.rate)

    @property
    def sentence(self) -> str:
        """What it does."""
        said = [f"{in_time(abs(self.offset))} {'ahead' if self.offset > 0 else 'behind'}"] if self.offset else []
        said += [f"{self.rate:g} times as fast"] if self.rate != 1 else []
        return f"the clock of {self.victim} is {' and '.join(said)}"

    @property
    def own(self) -> OwnClock:
        """The clock that is put wrong."""
        clock = self._target.state.site.clock
        if clock is None:
            raise UsageError(
                f"{self.victim} has no clock of its own, and that of this machine is not ours to set\n"
                "  what works: give it one in its description: own_clock=True"
            )
        return clock

    def require(self) -> None:
        """It needs a clock of its own, which each of its processes asks and nobody else has put wrong."""
        super().require()
        _ = self.own
        if any(isinstance(each, Clock) for each in self._active.of(self.victim)):
            raise UsageError(f"the clock of {self.victim} is wrong already: heal that, it cannot be wrong twice")
        if (running := self._target.state.running) is not None:
            for each in self._target.tree(running):
                self._require_loaded(each.pid)

    def _require_loaded(self, pid: int) -> None:
        """A process that has not loaded the library asks the machine's clock."""
        deadline = Deadline.after(_LOADS_WITHIN)
        try:
            why = asks_the_kernel(Path(f"/proc/{pid}/exe"))
            while deadline.remaining and not why:
                mapped = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
                if not mapped or str(self.own.library) in mapped:  # nothing is mapped by one that has ended
                    return
                time.sleep(_LOOK_SECONDS)
        except FileNotFoundError:
            return  # it has ended
        except OSError as error:
            raise self._no_clock(f"what pid {pid} has loaded cannot be seen: {error.strerror}") from error
        raise self._no_clock(f"pid {pid} ({_name(pid)}): {why or 'it has not loaded what tells it the time'}")

    def _no_clock(self, why: str) -> Unavailable:
        return Unavailable(
            self.name,
            reason=why,
            remedy="a program that asks its C library for the time, with LD_PRELOAD in its environment, and a data"
            " directory that libraries may be loaded from (METRICRIG_DATA)",
        )

    def _strike(self, running: Running) -> None:
        del running
        self._set_at = time.time()
        self.own.set(offset=self.offset, rate=self.rate)

    def _proof(self) -> str:
        times, last = self._asked()
        earliest = self._set_at + self.offset
        latest = earliest + (time.time() - self._set_at) * self.rate
        if not times or not earliest - _TOLERANCE <= last <= latest + _TOLERANCE:
            raise FaultWithoutEffect(
                self.name,
                expected=f"it to ask for the time, and to be told one from {_day(earliest)} to {_day(latest)}",
                seen=f"it was told {_day(last)}" if times else f"it did not ask within {_ASKS_WITHIN:g} s",
                remedy="have it do something that needs the time, and see that nothing else keeps it from running",
            )
        return f"it asked for the time and was told {_day(last)}, when it was {_day(time.time())}"

    def _asked(self) -> tuple[int, float]:
        """How often it asked since its clock was set, and what it was told. That we ask it something is a reason to."""
        probe = probe_of(self._target.state)
        deadline = Deadline.after(_ASKS_WITHIN)
        while not (told := self.own.told).times and deadline.remaining and not self.hit.gone:
            with contextlib.suppress(MetricrigError, OSError):
                probe.ask(self._target.subject)
            time.sleep(_LOOK_SECONDS)
        return told.times, told.last

    def _mend(self) -> None:
        """Also if the service has died of it: what is started next is told the true time."""
        self._set_at = time.time()
        self.own.set()
        super()._mend()

    def _relieve(self, running: Running) -> None:
        """All is done above."""

    def _recovery(self, running: Running) -> str:
        if self._others():
            return f"its clock is right; {self._ready(running)}"
        times, last = self._asked()
        if times and not self._set_at - _TOLERANCE <= last <= time.time() + _TOLERANCE:
            raise FaultNotHealed(self.name, expected="it to be told the true time", seen=f"it was told {_day(last)}")
        if not times and not running.gone:
            raise FaultNotHealed(
                self.name, expected="it to ask for the time", seen=f"it did not within {_ASKS_WITHIN:g} s"
            )
        return f"it asked for the time and was told {_day(last)}, which is right; {self._ready(running)}"


def _require_sense(name: str, offset: float, rate: float) -> None:
    who = f"{name}.clock"
    if offset == 0 and rate == 1:
        raise UsageError(f"{who} needs to know what is wrong\n  what works: {who}(offset=3600), {who}(rate=1.1)")
    if not 0 < rate <= _FASTEST:
        raise arguments.wrong(who, "rate", rate, "how many times as fast it goes, above 0 and up to 100: rate=1.1")
    if not _EARLIEST + _LONGEST <= time.time() + offset <= _LATEST - _LONGEST * rate:
        raise arguments.wrong(who, "offset", offset, "seconds that lead to a year from 2003 to 2254: offset=-86400")


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "ended"


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"
