"""The client of a janitor: a process has one, and starts its janitor with the first rig."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import threading
import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import answer_limit
from metricrig._core.errors import UsageError
from metricrig._core.latch import Latch
from metricrig._core.process_id import state_of
from metricrig._core.resource_limits import start_thread
from metricrig.janitor import launcher
from metricrig.janitor.channel import Channel
from metricrig.janitor.child import JANITOR_REPLY_TIMEOUT, Child
from metricrig.janitor.errors import STOPPED, JanitorLost, JanitorUnresponsive

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from metricrig.janitor.child import Order
    from metricrig.janitor.errand import Errand
    from metricrig.janitor.launcher import Process
    from metricrig.janitor.protocol import Message
    from metricrig.janitor.rig_record import Record


_GRACE = 10.0
"""Seconds that a janitor gets in addition as long as it runs: it may be busy, or the machine is."""


class Janitor:
    """The client of one janitor process. Safe to use from many threads."""

    def __init__(self, connection: socket.socket, process: Process) -> None:
        self._channel = Channel(connection)
        self._process = process
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        """Held while a rig is opened, and while this process leaves its janitor: one excludes the other."""
        self._waiting: dict[int, _Reply] = {}
        self._ordered: dict[int, Child] = {}
        self._children: dict[int, Child] = {}
        self._alive = True
        self._parted = False
        self._silent = False
        """It has failed to answer in time, and nothing has come from it since."""
        self._listener = threading.Thread(target=self._listen, name="metricrig-janitor", daemon=True)
        try:
            start_thread(self._listener)
        except BaseException:
            self._channel.close()
            self._process.wait()
            raise

    @property
    def pid(self) -> int:
        """The janitor's own pid."""
        return self._process.pid

    @contextlib.contextmanager
    def opening_rig(self, rig: str, directory: Path, record: Record) -> Iterator[None]:
        """A block in which to make a directory that is removed with this process, whatever happens.

        The janitor hears of it before it exists; and a process that ends waits for the end of the block.
        """
        with self._opening:
            if self._parted:
                raise self._lost()
            self.tell({"op": "open", "rig": rig, "directory": str(directory), "record": record}, surely=True)
            yield

    def charge(self, errand: Errand, *, ssh: str) -> None:
        """Have this errand run before its rig is removed, should nobody have closed the rig."""
        self.tell({"op": "charge", "rig": errand.rig, "errand": errand.as_data(), "ssh": ssh})

    def close_rig(self, rig: str, *, keep: bool) -> str | None:
        """Remove a rig's directory, or leave it; says why if it could not."""
        why: str | None = self.ask({"op": "close", "rig": rig, "keep": keep})["why"]
        return why

    def adopt(self, path: Path) -> None:
        """Have a path outside any rig removed when this process ends, whatever happens."""
        self.tell({"op": "adopt", "path": str(path)}, surely=True)

    @contextlib.contextmanager
    def adopting(self, path: Path) -> Iterator[None]:
        """Have a path outside any rig removed, should this process die within the block."""
        self.adopt(path)
        try:
            yield
        finally:
            self.tell({"op": "forget", "path": str(path)})

    def spawn(self, order: Order, on_exit: Callable[[Child], None] | None = None) -> Child:
        """Order a command to be started, without waiting for it: a server may be asked whether it is ready meanwhile.

        ``on_exit`` is called once, on the janitor's listening thread.
        """
        number = next(self._numbers)
        child = Child(self, f"{order.rig}/{order.name}/{os.getpid()}-{number}", on_exit)
        with self._lock:
            self._check_alive()
            self._ordered[number] = child
        self._send({"op": "spawn", "seq": number, **order.message(child.mark)})
        return child

    def attach(self, pid: int, on_exit: Callable[[Child], None] | None = None) -> Child | None:
        """A command that another member of a shared janitor has started; None if it does not run any more."""
        child = Child(self, "", on_exit)
        with self._lock:
            self._children[pid] = child  # before it is asked for: its end is told to all members at any time
        answer = self.ask({"op": "attach", "pid": pid})
        if "gone" in answer:
            with self._lock:
                self._children.pop(pid, None)
            return None
        child.mark = answer["mark"]
        child.begun(pid)
        return child

    def tell(self, message: Message, *, surely: bool = False) -> None:
        """Send a message that has no answer. ``surely``: it is received even if this process is killed now."""
        with self._lock:
            self._check_alive()
        self._send(message)
        if surely and not self._channel.flush(within=self._reply_timeout()):
            raise self._unresponsive(message["op"])

    def ask(self, message: Message) -> Message:
        """Send a message and wait for its answer."""
        reply = _Reply()
        number = next(self._numbers)
        with self._lock:
            self._check_alive()
            self._waiting[number] = reply
        sent_at = time.monotonic()
        self._send({**message, "seq": number})
        self.await_answer(reply.there, message["op"], sent_at)
        if reply.message is None:
            raise self._lost()
        return reply.message

    def await_answer(self, answered: Latch, op: str, sent_at: float) -> None:
        """Wait until it has answered what was sent then, as long as the operation allows.

        A janitor that is stopped and has not answered once is not waited for again until something comes from it.
        """
        left = sent_at + self._reply_timeout() - time.monotonic()
        if answered.wait(max(0.0, left)) or (not self._stopped and answered.wait(_GRACE)):
            return
        self._silent = True
        raise self._unresponsive(op)

    def _reply_timeout(self) -> float:
        return 0.0 if self._silent and self._stopped else answer_limit(JANITOR_REPLY_TIMEOUT)

    @property
    def _stopped(self) -> bool:
        return state_of(self.pid) in STOPPED

    def _send(self, message: Message) -> None:
        try:
            sent = self._channel.send(message, within=self._reply_timeout())
        except OSError as error:
            raise self._lost() from error
        if not sent:
            self._silent = True
            raise self._unresponsive(message["op"])

    def _listen(self) -> None:
        while (messages := self._channel.receive()) is not None:
            self._silent = False
            for message in messages:
                self._hear(message)
        self._tell_children_of_its_end()

    def _hear(self, message: Message) -> None:
        if "exit" in message:
            with self._lock:
                child = self._children.pop(message["exit"], None)
            if child is not None:  # not another member's
                child.ended(message["status"])
        elif (ordered := self._ordered.pop(message["seq"], None)) is not None:
            self._begin(ordered, message)
        elif (reply := self._waiting.pop(message["seq"], None)) is not None:
            reply.set(message)

    def _begin(self, child: Child, message: Message) -> None:
        if "error" in message:
            child.ended(None, refused=OSError(message["errno"], message["error"]))
            return
        with self._lock:
            self._children[message["pid"]] = child
        child.begun(message["pid"])

    def _tell_children_of_its_end(self) -> None:
        with self._lock:
            self._alive = False
            replies = list(self._waiting.values())
            children = [*self._children.values(), *self._ordered.values()]
            for table in (self._waiting, self._children, self._ordered):
                table.clear()
        for reply in replies:
            reply.set(None)
        for child in children:
            child.ended(None)

    @property
    def alive(self) -> bool:
        """Whether it still listens."""
        return self._alive

    def part(self) -> None:
        """Disconnect. A janitor of this process alone cleans up whatever is still open; wait until it has."""
        with self._opening:
            self._parted = True
        with contextlib.suppress(OSError):
            self._channel.end()
        self._process.wait()
        self._listener.join(JANITOR_REPLY_TIMEOUT)
        self._channel.close()

    def dismiss(self, *, keep: bool) -> None:
        """Have everything closed, whoever else is connected; returns when all is gone."""
        self.tell({"op": "dismiss", "keep": keep})
        self._listener.join(JANITOR_REPLY_TIMEOUT)
        self.part()

    def _check_alive(self) -> None:
        if not self._alive:
            raise self._lost()

    def _unresponsive(self, op: str) -> JanitorUnresponsive:
        return JanitorUnresponsive(op, pid=self.pid, within=answer_limit(JANITOR_REPLY_TIMEOUT))

    def _lost(self) -> JanitorLost:
        return JanitorLost(
            f"the janitor (pid {self.pid}) is gone{self._process.fate()}, so nothing can be started or"
            f" stopped in its rigs any more\n  what to do: close the rigs; `metricrig ps` shows and"
            f" `metricrig clean` removes what is left"
        )


class _Reply:
    def __init__(self) -> None:
        self.there = Latch()
        self.message: Message | None = None

    def set(self, message: Message | None) -> None:
        self.message = message
        self.there.set()


_janitors: dict[int, Janitor] = {}
"""Clients by the pid of their process: a forked child finds none, and starts its own."""
_starting = threading.Lock()
_ending: set[int] = set()
"""Processes that are about to end: none of their threads starts another janitor."""


def janitor() -> Janitor:
    """This process's janitor; a new one if there is none, or the old one was lost."""
    with _starting:
        mine = _janitors.get(os.getpid())
        if os.getpid() not in _ending and (mine is None or not mine.alive):
            mine = _janitors[os.getpid()] = Janitor(*launcher.own())
        if mine is None:
            raise UsageError("this process is ending: no rig can be opened any more")
        return mine


@atexit.register
def _part() -> None:
    """Let the janitor finish before this process is gone: what nobody closed is cleaned up by then."""
    with _starting:
        _ending.add(os.getpid())
        mine = _janitors.get(os.getpid())
    if mine is not None:
        mine.part()
