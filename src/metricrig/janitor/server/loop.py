"""The janitor's main loop. It waits for three things at once: orders, the death of a child, the death of its owner."""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from metricrig.janitor import process_tree
from metricrig.janitor.protocol import MalformedMessage
from metricrig.janitor.server.members import TAKEN, JanitorMember, MemberListener
from metricrig.janitor.server.order_handlers import OrderHandlers

TYPE_CHECKING = False  # see wire
if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig._core.process_id import ProcessId

GRACE = 0.5
"""How long services may take to obey their own stop signal once the owner is dead; then they are killed."""
_TICK_MS = 5
_SETTLE_MS = 20
"""Milliseconds without an order after which records are written: writing one takes as long as starting a process."""
_LATEST = 0.2
_LAST_ORDERS = 2.0
"""Seconds in which everything is read that was sent before the owner died."""
_GIVE_UP = 10.0
NO_DEATH = -1
"""In place of the descriptor that tells of the owner's death, where there is none."""
_MEANT_FOR_OTHERS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGPIPE,
    signal.SIGALRM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_EVER = float("inf")


class JanitorLoop:
    """Listens until it is over, then cleans up. ``linger`` is how long it stays without members."""

    def __init__(
        self, handlers: OrderHandlers, death: int, *, listener: MemberListener | None = None, linger: float = 0.0
    ) -> None:
        self.handlers = handlers
        self.wakeup = _take_signals()
        self.ending = False
        self._death = death
        self._died_at = _EVER
        self._listener = listener
        self._linger = linger
        self._alone_since = time.monotonic()

    def serve(self) -> None:
        """Carry out orders until no member is left to give any."""
        settled = time.monotonic()
        over = False
        while not over:
            ready = self._await_news(self._sources())
            heard = self._hear(ready)
            self.handlers.started_processes.look_after(somebody_ended=self.wakeup in ready)
            over = self.handlers.dismissed or self._orphaned(ready, heard=heard) or self._deserted()
            if not self.handlers.unwritten:
                settled = time.monotonic()
            elif not ready or time.monotonic() - settled > _LATEST:
                self.handlers.write_records()
                settled = time.monotonic()

    def clean_up(self) -> None:
        """Ask all services to stop, kill those that do not, and remove everything."""
        self.ending = True
        if self._listener is not None:
            self._listener.close()
        self.handlers.run_errands()
        self.handlers.started_processes.ask_to_stop()
        self._wait_until_ended(GRACE)
        self.handlers.started_processes.collect_all()
        self._wait_until_ended(_GIVE_UP)
        away = {each.pid for each in self.handlers.errands.values()}
        for pid in process_tree.children():
            if pid not in away:
                process_tree.kill_orphan(pid)
        self.handlers.remove_everything(within=_GIVE_UP)

    def _sources(self) -> dict[int, int]:
        """What to wait for, on which descriptor."""
        sources = {self.wakeup: select.POLLIN}
        if self._listener is not None:
            sources[self._listener.descriptor] = select.POLLIN
        if self._death != NO_DEATH:
            sources[self._death] = select.POLLIN
        for member in self.handlers.members.values():
            # No orders are read from a member that does not read its answers, except the last ones of a dead owner.
            reading = select.POLLIN if member.listens or self._died_at < _EVER else 0
            sources[member.descriptor] = reading | (select.POLLOUT if member.has_unread else 0)
        return sources

    def _hear(self, ready: Mapping[int, int]) -> bool:
        """Accept new members and carry out orders; returns whether there were any."""
        if self._listener is not None and self._listener.descriptor in ready and (member := self._listener.enter()):
            self.handlers.members[member.descriptor] = member
        heard = False
        for member in list(self.handlers.members.values()):
            news = ready.get(member.descriptor, 0)
            if news & select.POLLOUT:
                member.flush()
            if news & ~select.POLLOUT:
                heard = True
                self._hear_member(member)
            elif member.hopeless:
                self._part_with(member)
        if self.handlers.members:
            self._alone_since = time.monotonic()
        return heard

    def _hear_member(self, member: JanitorMember) -> None:
        """Carry out one member's orders. A malformed message ends its membership, and nothing else."""
        try:
            messages = member.hear()
            for message in messages or []:
                self.handlers.obey(message, member)
        except MalformedMessage as error:
            messages = None
            sys.stderr.write(f"a member was sent away: {error}\n")
        except Exception as error:  # noqa: BLE001 - an order that lacks something, or has another type
            messages = None
            sys.excepthook(type(error), error, error.__traceback__)
        if messages is None:
            self._part_with(member)

    def _part_with(self, member: JanitorMember) -> None:
        del self.handlers.members[member.descriptor]
        member.leave()

    def _orphaned(self, ready: Mapping[int, int], *, heard: bool) -> bool:
        """Whether the owner is dead. Orders that it sent before are still in the socket: they are read first."""
        if self._death not in ready:
            return False
        self._died_at = min(self._died_at, time.monotonic())
        return not heard or time.monotonic() - self._died_at > _LAST_ORDERS

    def _deserted(self) -> bool:
        return not self.handlers.members and time.monotonic() - self._alone_since >= self._linger

    def _wait_until_ended(self, seconds: float) -> None:
        """Go on reaping and collecting until nothing that was started runs any more, for so many seconds at most."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.handlers.started_processes.look_after(somebody_ended=True)
            if self.handlers.started_processes.ended and not self.handlers.started_processes.busy:
                return
            self._await_news({self.wakeup: select.POLLIN})

    def _await_news(self, sources: Mapping[int, int]) -> dict[int, int]:
        """Sleep until one of them is readable; while something is being killed, for one tick at most."""
        poll = select.poll()
        for descriptor, events in sources.items():
            poll.register(descriptor, events)
        ready = dict(poll.poll(self._pause()))
        if self.wakeup in ready:
            os.read(self.wakeup, 4096)
        return ready

    def _pause(self) -> float | None:
        """How many milliseconds at most."""
        if self.handlers.started_processes.busy or self.ending:
            return _TICK_MS
        if self.handlers.unwritten:
            return _SETTLE_MS
        if self.handlers.members or self._linger == _EVER:
            return None
        return max(0.0, self._alone_since + self._linger - time.monotonic()) * 1000 + 1


def main(death: int, owner: ProcessId | None, *, control: int) -> None:
    """Serve one owner until it is dead, then clean up after it."""
    _become_janitor(death, control)
    handlers = OrderHandlers(owner)
    handlers.members[control] = JanitorMember(control)
    # Its socket tells of its end too, but not while a forked child of the owner still holds a copy of it.
    janitor = JanitorLoop(handlers, death)
    janitor.serve()
    janitor.clean_up()


def main_shared(death: int, owner: ProcessId | None, directory: str, mode: int, linger: float) -> int:
    """Serve all who connect in this directory, until the owner is dead or none was there for ``linger`` seconds."""
    import errno  # noqa: PLC0415 - only here
    import fcntl  # noqa: PLC0415 - only here

    from metricrig._core.private_directory import PrivateDirectory  # noqa: PLC0415 - only here
    from metricrig._core.process_id import ProcessId  # noqa: PLC0415 - only here
    from metricrig.janitor import rig_directory, rig_record  # noqa: PLC0415 - only here

    _become_janitor(death)
    root, rig = os.path.split(directory)
    ours = ProcessId.of(os.getpid())
    known = rig_record.blank(rig, owner=owner, janitor=ours)
    doors: list[MemberListener] = []

    def furnish(made: PrivateDirectory) -> None:
        os.fchdir(made.descriptor)
        # Held as long as we live: whoever gets this lock knows that there is no janitor any more.
        fcntl.flock(os.open(".", os.O_RDONLY), fcntl.LOCK_EX)
        doors.append(MemberListener())

    try:
        with PrivateDirectory.open(root) as held:  # with record, lock and socket in it, or not at all
            rig_directory.make(held, rig, known, maker=ours, mode=mode, furnish=furnish)
    except FileExistsError:
        return TAKEN
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        return TAKEN
    (listener,) = doors
    handlers = OrderHandlers(owner)
    handlers.open_rig(rig, directory, known)
    janitor = JanitorLoop(handlers, death, listener=listener, linger=_EVER if death != NO_DEATH else linger)
    janitor.serve()
    os.chdir("/")
    janitor.clean_up()
    return 0


def _become_janitor(*inherited: int) -> None:
    for descriptor in inherited:
        if descriptor != NO_DEATH:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - the signature is the standard library's
    process_tree.become_subreaper()
    os.umask(0o077)


def _take_signals() -> int:
    """Wake up when a child dies; ignore signals meant for others, by handlers, which children do not inherit."""
    reading, writing = os.pipe()
    for descriptor in (reading, writing):
        os.set_blocking(descriptor, False)
    for number in signal.valid_signals():
        # What the test process was told to ignore (nohup, a shell's background job), its services are not.
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGCHLD, *_MEANT_FOR_OTHERS):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading
