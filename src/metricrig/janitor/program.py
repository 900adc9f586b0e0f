"""The janitor's own program. It waits on three things at once: orders, the death of a child, the death of its owner."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import TYPE_CHECKING

from metricrig._core.processes import ProcessId
from metricrig.janitor import family, record, sweep
from metricrig.janitor.wards import Ward, Wards
from metricrig.janitor.wire import Inbox, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.janitor.wire import Message

GRACE = 0.5
"""How long services may take to obey their own stop signal once the owner is dead; then they are killed."""
_TICK_MS = 5
_SETTLE_MS = 20
"""Records are written when nobody wants anything: writing one takes as long as starting a process."""
_LATEST = 0.2
_GIVE_UP = 10.0
_PIDFD = -1
_SENDERS: dict[str, Callable[[int, int], object]] = {
    "one": family.send,
    "tree": family.send_to_tree,
    "freeze": lambda pid, _: family.freeze(pid),
}


class Janitor:
    """Obeys its owner: a method for each order. What it has started is looked after by ``Wards``."""

    def __init__(self, owner: int, control: int) -> None:
        self.owner = ProcessId.of(owner)
        self.control = control
        self.wakeup = _take_signals()
        self.inbox = Inbox(control)
        self.rigs: dict[str, record.Record] = {}
        self.unwritten: set[str] = set()
        self.adopted_paths: set[str] = set()
        self.wards = Wards(self.say, self.collected)
        self.ending = False

    def obey(self, message: Message) -> None:
        """Carry out one order."""
        getattr(self, f"do_{message['op']}")(message)

    def do_open(self, message: Message) -> None:
        """Know a rig and its directory, before anything is in it."""
        self.rigs[message["rig"]] = record.blank(message["rig"], message["name"], message["directory"], self.owner)
        with contextlib.suppress(OSError):
            os.makedirs(message["directory"], mode=message["mode"], exist_ok=True)
        self.unwritten.add(message["rig"])

    def do_spawn(self, message: Message) -> None:
        """Start a command and say its pid, or why not."""
        try:
            process = family.spawn(message)
        except (OSError, ValueError) as error:
            self.say({"seq": message["seq"], "error": str(error), "errno": getattr(error, "errno", 0) or 0})
            return
        self.wards.by_pid[process.pid] = Ward(message, process.pid)
        self.say({"seq": message["seq"], "pid": process.pid})
        process.returncode = 0  # we wait for it ourselves: its destructor must not
        if message["service"]:
            entry = record.service(message["name"], process.pid, message["argv"], message["ports"])
            self.rigs[message["rig"]]["services"][str(process.pid)] = entry
            self.unwritten.add(message["rig"])

    def do_signal(self, message: Message) -> None:
        """Pass on a signal, and say when that is done.

        Nothing is reaped before it is collected, so the pid cannot be a stranger's.
        """
        if message["pid"] in self.wards.by_pid:
            _SENDERS[message["how"]](message["pid"], message["signal"])
        self.say({"seq": message["seq"]})

    def do_collect(self, message: Message) -> None:
        """Kill what is left of a child's family, then let go of it and say so."""
        ward = self.wards.by_pid.get(message["pid"])
        if ward is None:
            self.say({"seq": message["seq"]})
        else:
            ward.collector = message["seq"]

    def do_adopt(self, message: Message) -> None:
        """Remove this path too when the owner dies."""
        self.adopted_paths.add(message["path"])

    def do_forget(self, message: Message) -> None:
        """The owner has finished with this path itself."""
        self.adopted_paths.discard(message["path"])

    def do_close(self, message: Message) -> None:
        """Forget a rig: remove its directory, or leave it to people with its record."""
        rig = self.rigs.pop(message["rig"], None)
        self.unwritten.discard(message["rig"])
        why = None
        if rig is not None and message["keep"]:
            rig |= {"kept": True, "services": {}}
            record.write(rig)
        elif rig is not None:
            why = sweep.remove_tree(rig["directory"])
        self.say({"seq": message["seq"], "why": why})

    def say(self, message: Message) -> None:
        """Tell the owner; one that is dead is noticed elsewhere."""
        data = encode(message)
        with contextlib.suppress(OSError):
            while data:
                select.select([], [self.control], [])
                data = data[os.write(self.control, data) :]

    def collected(self, ward: Ward) -> None:
        """Nothing is left of one: it is no longer on record."""
        if (rig := self.rigs.get(ward.rig)) and rig["services"].pop(str(ward.pid), None):
            self.unwritten.add(ward.rig)

    def clean_up(self) -> None:
        """The owner is dead: ask everybody to stop, kill who does not, remove everything."""
        self.ending = True
        self.wards.ask_to_stop()
        self.wait_until_ended(GRACE)
        self.wards.collect_all()
        self.wait_until_ended(_GIVE_UP)
        for pid in family.children():
            family.kill_orphan(pid)
        for rig in self.rigs.values():
            sweep.remove_tree(rig["directory"])
        for path in self.adopted_paths:
            sweep.remove_tree(path)

    def wait_until_ended(self, seconds: float) -> None:
        """Look after the wards until none runs and none is being collected, at most so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.wards.look_after()
            if self.wards.ended and not self.wards.busy:
                return
            self.await_news(self.wakeup)

    def await_news(self, *descriptors: int) -> set[int]:
        """Sleep until one of them is readable; while something is being killed, no longer than a tick."""
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        pause = _TICK_MS if self.wards.busy or self.ending else _SETTLE_MS if self.unwritten else None
        ready = {descriptor for descriptor, _ in poll.poll(pause)}
        if self.wakeup in ready:
            os.read(self.wakeup, 4096)
        return ready


def main(owner: int, control: int) -> None:
    """Serve until the owner is dead, then clean up after it."""
    family.become_subreaper()
    os.umask(0o077)
    os.set_blocking(control, False)
    os.set_inheritable(control, False)  # noqa: FBT003 - the signature is the standard library's
    janitor = Janitor(owner, control)
    _serve(janitor)
    janitor.clean_up()


def _serve(janitor: Janitor) -> None:
    death = _death_of(janitor.owner)
    settled = time.monotonic()
    sources = [each for each in (janitor.control, janitor.wakeup, death) if each != _PIDFD]
    while True:
        ready = janitor.await_news(*sources)
        orders = janitor.inbox.receive() if janitor.control in ready or death in ready else []
        for message in orders or []:
            janitor.obey(message)
        janitor.wards.look_after()
        # Orders that were sent before the owner died are still in the socket: read them all, then go.
        if orders is None or (death in ready and not orders):
            return
        if not janitor.unwritten:
            settled = time.monotonic()
        elif not ready or time.monotonic() - settled > _LATEST:
            _write_records(janitor)


def _write_records(janitor: Janitor) -> None:
    for rig in janitor.unwritten:
        record.write(janitor.rigs[rig])
    janitor.unwritten.clear()


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
    """A descriptor that becomes readable when the owner dies.

    The closed socket tells the same, but not while a forked child of the owner still holds a copy of it.
    """
    try:
        return os.pidfd_open(owner.pid) if owner and os.getppid() == owner.pid else _PIDFD
    except (OSError, AttributeError):
        return _PIDFD
