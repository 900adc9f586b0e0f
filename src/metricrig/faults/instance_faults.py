"""What can be done to an instance: a method for each fault, which is in force in a ``with`` block of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from metricrig._core import arguments
from metricrig.instance_addresses import InstanceAddresses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from metricrig.faults.machine.certificate_expired import CertificateExpired
    from metricrig.faults.machine.clock import Clock
    from metricrig.faults.machine.disconnected import Disconnected
    from metricrig.faults.machine.disk_full import DiskFull
    from metricrig.faults.machine.dns_fails import DnsFails
    from metricrig.faults.machine.killed import Killed
    from metricrig.faults.machine.limited import LittleMemory, NoOpenFiles
    from metricrig.faults.machine.little_cpu import LittleCpu
    from metricrig.faults.machine.paused import Paused
    from metricrig.faults.machine.read_only_disk import ReadOnlyDisk
    from metricrig.faults.machine.slow_disk import SlowDisk
    from metricrig.faults.machine.victim import Victim
    from metricrig.probe import Subject

_SLOWEST = 64 << 10
"""Bytes a second: a server that has to write its log any slower is no server."""

# Each kind is imported when it is asked for: most rigs have no fault at all.
# ruff: noqa: PLC0415


class InstanceFaults(InstanceAddresses):
    """The part of an ``Instance`` that can be broken. Nothing is done before a fault is entered, or started."""

    def paused(self) -> Paused:
        """Frozen: alive, its connections open, and answering nobody."""
        from metricrig.faults.machine.paused import Paused

        return Paused(self._victim())

    def killed(self, *, after: float = 0.0, again_after: float | None = None) -> Killed:
        """Ended with SIGKILL, ``after`` so many seconds; started again when healed, or ``again_after`` so many."""
        from metricrig.faults.machine.killed import Killed

        who = f"{self.name}.killed"
        arguments.seconds(who, "after", after)
        if again_after is not None:
            arguments.seconds(who, "again_after", again_after)
        return Killed(self._victim(), after=after, again_after=again_after)

    def disk_full(self, *, leave: int | str = 0) -> DiskFull:
        """No space left on its own disk, but ``leave`` bytes: 4096 or "1MB". It needs ``Limits(disk="64MB")``."""
        from metricrig.faults.machine.disk_full import DiskFull

        return DiskFull(self._victim(), leave=arguments.byte_count(f"{self.name}.disk_full", "leave", leave))

    def read_only_disk(self) -> ReadOnlyDisk:
        """Nothing can be written to its own disk. It needs ``Limits(disk="64MB")``, and no file open for writing."""
        from metricrig.faults.machine.read_only_disk import ReadOnlyDisk

        return ReadOnlyDisk(self._victim())

    def slow_disk(self, *, rate: int | str = "1MB") -> SlowDisk:
        """It reads and writes its disk with so many bytes a second. It has to lie on one: Rig(data="disk")."""
        from metricrig.faults.machine.slow_disk import SlowDisk

        who = f"{self.name}.slow_disk"
        number = arguments.byte_count(who, "rate", rate)
        if number < _SLOWEST:
            raise arguments.wrong(who, "rate", rate, 'bytes a second, 64 KiB at least: rate="1MB"')
        return SlowDisk(self._victim(), rate=number)

    def no_open_files(self, limit: int | None = None) -> NoOpenFiles:
        """Each of its processes may have so many open files and connections; none more than now, unless one says."""
        from metricrig.faults.machine.limited import NoOpenFiles

        if limit is not None:
            arguments.count(f"{self.name}.no_open_files", "limit", limit)
        return NoOpenFiles(self._victim(), limit=limit)

    def little_memory(self, limit: int | str | None = None) -> LittleMemory:
        """Each of its processes may have so much memory, "256MB"; no more than now, unless one says."""
        from metricrig.faults.machine.limited import LittleMemory

        if limit is not None:
            limit = arguments.byte_count(f"{self.name}.little_memory", "limit", limit)
        return LittleMemory(self._victim(), limit=limit)

    def little_cpu(self, share: float = 0.1) -> LittleCpu:
        """It runs for this share of the time: a tenth, unless one says."""
        from metricrig.faults.machine.little_cpu import LittleCpu

        who = f"{self.name}.little_cpu"
        if not 0 < arguments.number(who, "share", share) < 1:
            raise arguments.wrong(who, "share", share, "a part of the time, between 0 and 1: share=0.1")
        return LittleCpu(self._victim(), share=share)

    def clock(self, *, offset: float = 0.0, rate: float = 1.0) -> Clock:
        """It is told a time so many seconds ahead, or one ``rate`` times as fast. It needs ``own_clock=True``."""
        from metricrig.faults.machine.clock import Clock

        return Clock(self._victim(), offset=offset, rate=rate)

    def certificate_expired(
        self,
        *,
        file: str = "",
        authority: str | Path = "",
        port: str | None = None,
        reload: int | Callable[[], object] | None = None,
    ) -> CertificateExpired:
        """The certificate in this ``file`` of its directory is over. ``authority`` is a PEM file that can sign one.

        ``reload`` is the signal, or a function, that makes it load the file anew; without one it is restarted.
        """
        from metricrig.faults.machine.certificate_expired import CertificateExpired

        return CertificateExpired(self._victim(), file=file, authority=authority, port=port, reload=reload)

    def dns_fails(self) -> DnsFails:
        """It finds no name any more. Only a container has a resolver of its own."""
        from metricrig.faults.machine.dns_fails import DnsFails

        return DnsFails(self._victim())

    def disconnected(self) -> Disconnected:
        """In no network: it reaches nobody, and nobody reaches it. For containers; else a link to it can be cut."""
        from metricrig.faults.machine.disconnected import Disconnected

        return Disconnected(self._victim())

    def heal(self) -> None:
        """Heal whatever of this is in force on it, the last one first."""
        self._state.faults.heal_all(self.name)

    def _victim(self) -> Victim:
        from metricrig.faults.machine.victim import Victim

        return Victim(self._state, cast("Subject", self))
