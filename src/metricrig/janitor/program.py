"""The janitor's own program. It waits on three things at once: orders, the death of a child, the death of its owner."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from math import inf
from typing import TYPE_CHECKING

from metricrig._core.processes import ProcessId
from metricrig.janitor import family, sweep
from metricrig.janitor.member import Door, Member
from metricrig.janitor.orders import Household

if TYPE_CHECKING:
    from collections.abc import Iterable

GRACE = 0.5
"""How long services may take to obey their own stop signal once the owner is dead; then they are killed."""
TAKEN = 3
"""The exit status that says: another janitor has this directory."""
_TICK_MS = 5
_SETTLE_MS = 20
"""Records are written when nobody wants anything: writing one takes as long as starting a process."""
_LATEST = 0.2
_GIVE_UP = 10.0
_PIDFD = -1


class Janitor:
    """Listens until it is over, then cleans up. ``linger`` is how long it stays without members."""

    def __init__(self, house: Household, death: int, *, door: Door | None = None, linger: float = 0.0) -> None:
        self.house = house
        self.wakeup = _take_signals()
        self.ending = False
        self._death = death
        self._door = door
        self._linger = linger
        self._alone_since = time.monotonic()

    def serve(self) -> None:
        """Obey until nobody is there to give orders."""
        settled = time.monotonic()
        over = False
        while not over:
            ready = self._await_news(self._sources())
            orders = self._hear(ready)
            self.house.wards.look_after()
            # Orders that were sent before the owner died are still in the socket: read them all, then go.
            over = self.house.dismissed or (self._death in ready and not orders) or self._deserted()
            if not self.house.unwritten:
                settled = time.monotonic()
            elif not ready or time.monotonic() - settled > _LATEST:
                self.house.write_records()

    def clean_up(self) -> None:
        """It is over: ask everybody to stop, kill who does not, remove everything."""
        self.ending = True
        if self._door is not None:
            self._door.close()
        self.house.run_errands()
        self.house.wards.ask_to_stop()
        self._wait_until_ended(GRACE)
        self.house.wards.collect_all()
        self._wait_until_ended(_GIVE_UP)
        away = {each.pid for each in self.house.errands.values()}
        for pid in family.children():
            if pid not in away:
                family.kill_orphan(pid)
        self.house.remove_everything()

    def _sources(self) -> list[int]:
        door = [self._door.descriptor] if self._door is not None else []
        death = [self._death] if self._death != _PIDFD else []
        return [self.wakeup, *door, *death, *self.house.members]

    def _hear(self, ready: set[int]) -> bool:
        """Let in who is at the door, and obey; whether there was anything to obey."""
        if self._door is not None and self._door.descriptor in ready and (member := self._door.enter()):
            self.house.members[member.descriptor] = member
        orders = False
        for member in list(self.house.members.values()):
            if member.descriptor in ready or self._death in ready:
                messages = member.hear()
                for message in messages or []:
                    self.house.obey(message, member)
                    orders = True
                if messages is None:
                    del self.house.members[member.descriptor]
                    member.leave()
        if self.house.members:
            self._alone_since = time.monotonic()
        return orders

    def _deserted(self) -> bool:
        return not self.house.members and time.monotonic() - self._alone_since >= self._linger

    def _wait_until_ended(self, seconds: float) -> None:
        """Look after the wards until none runs and none is being collected, at most so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.house.wards.look_after()
            if self.house.wards.ended and not self.house.wards.busy:
                return
            self._await_news([self.wakeup])

    def _await_news(self, descriptors: Iterable[int]) -> set[int]:
        """Sleep until one of them is readable; while something is being killed, no longer than a tick."""
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(self._pause())}
        if self.wakeup in ready:
            os.read(self.wakeup, 4096)
        return ready

    def _pause(self) -> float | None:
        """How many milliseconds at most."""
        if self.house.wards.busy or self.ending:
            return _TICK_MS
        if self.house.unwritten:
            return _SETTLE_MS
        if self.house.members or self._linger == inf:
            return None
        return max(0.0, self._alone_since + self._linger - time.monotonic()) * 1000 + 1


def main(owner: int, control: int) -> None:
    """Serve one owner until it is dead, then clean up after it."""
    _become_janitor()
    os.set_inheritable(control, False)  # noqa: FBT003 - the signature is the standard library's
    identity = ProcessId.of(owner)
    house = Household(identity)
    house.members[control] = Member(control)
    # Its socket tells the same, but not while a forked child of the owner still holds a copy of it.
    janitor = Janitor(house, _death_of(identity if os.getppid() == owner else None))
    janitor.serve()
    janitor.clean_up()


def main_shared(directory: str, mode: int, owner: ProcessId | None, linger: float) -> int:
    """Serve whoever comes to the door in this directory, until the owner is dead or nobody has come for long."""
    import fcntl  # noqa: PLC0415 - only here

    _become_janitor()
    fresh = f"{directory}.{os.getpid()}"
    os.mkdir(fresh, mode)
    os.chmod(fresh, mode)
    os.chdir(fresh)
    # Held as long as we live: whoever gets this lock knows that there is no janitor any more.
    fcntl.flock(os.open(".", os.O_RDONLY), fcntl.LOCK_EX)
    door = Door()
    try:
        os.rename(fresh, directory)  # with lock and door in it, or not at all
    except OSError:
        os.chdir("/")
        sweep.remove_tree(fresh)
        return TAKEN
    house = Household(owner)
    house.open_rig(os.path.basename(directory), directory)
    death = _death_of(owner)
    janitor = Janitor(house, death, door=door, linger=inf if death != _PIDFD else linger)
    janitor.serve()
    os.chdir("/")
    janitor.clean_up()
    return 0


def _become_janitor() -> None:
    family.become_subreaper()
    os.umask(0o077)


def _take_signals() -> int:
    """Wake up for dead children, and survive what is meant for others; a handler, unlike SIG_IGN, is not inherited."""
    reading, writing = os.pipe()
    for descriptor in (reading, writing):
        os.set_blocking(descriptor, False)
    for number in signal.valid_signals():
        # What the test process was told to ignore (nohup, a shell's background job), its services are not.
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _death_of(owner: ProcessId | None) -> int:
    """A descriptor that becomes readable when the owner dies; one that is dead already is readable at once."""
    if owner is None:
        return _PIDFD
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.pidfd_open(owner.pid)
        if owner.alive:
            return descriptor
        os.close(descriptor)
    return _PIDFD
