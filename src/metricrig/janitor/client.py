"""A process's side of the conversation with its janitor: one a process, started with the first rig."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import socket
import threading
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig._core.latch import Latch
from metricrig.janitor import booting
from metricrig.janitor.child import PATIENCE, Child
from metricrig.janitor.wire import Inbox, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from metricrig.janitor.booting import Process
    from metricrig.janitor.child import Order
    from metricrig.janitor.wire import Message


class JanitorLost(MetricrigError):
    """The janitor is gone although its owner lives: somebody killed it, or it failed."""


class Janitor:
    """The conversation with a janitor process. Safe to use from many threads."""

    def __init__(self, connection: socket.socket, process: Process) -> None:
        self._socket = connection
        self._process = process
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, _Reply] = {}
        self._ordered: dict[int, Child] = {}
        self._children: dict[int, Child] = {}
        self._alive = True
        self._listener = threading.Thread(target=self._listen, name="metricrig-janitor", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The janitor's own pid."""
        return self._process.pid

    def open_rig(self, rig: str, directory: Path, mode: int) -> None:
        """Have a directory removed with this process, whatever happens; sent before the directory exists."""
        self.tell({"op": "open", "rig": rig, "directory": str(directory), "mode": mode})

    def charge(self, rig: str, errand: Sequence[str]) -> None:
        """Have a command run before a rig is removed, should nobody have closed it: it removes what is elsewhere."""
        self.tell({"op": "charge", "rig": rig, "errand": list(errand)})

    def close_rig(self, rig: str, *, keep: bool) -> str | None:
        """Remove a rig's directory, or leave it; says why if it could not."""
        why: str | None = self.ask({"op": "close", "rig": rig, "keep": keep})["why"]
        return why

    def adopt(self, path: Path) -> None:
        """Have a path outside any rig removed when this process ends, whatever happens."""
        self.tell({"op": "adopt", "path": str(path)})

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
        child = Child(self, on_exit)
        with self._lock:
            self._check_alive()
            number = next(self._numbers)
            self._ordered[number] = child
            self._send(
                {"op": "spawn", "seq": number, **order.message(f"{order.rig}/{order.name}/{os.getpid()}-{number}")}
            )
        return child

    def attach(self, pid: int, on_exit: Callable[[Child], None] | None = None) -> Child | None:
        """A command that another member has had started; None if it does not run any more."""
        child = Child(self, on_exit)
        with self._lock:
            self._children[pid] = child  # before it is asked for: its end is told to all members at any time
        if "gone" in self.ask({"op": "attach", "pid": pid}):
            with self._lock:
                self._children.pop(pid, None)
            return None
        child.begun(pid)
        return child

    def tell(self, message: Message) -> None:
        """Send a message that has no answer."""
        with self._lock:
            self._check_alive()
            self._send(message)

    def ask(self, message: Message) -> Message:
        """Send a message and wait for its answer."""
        reply = _Reply()
        with self._lock:
            self._check_alive()
            number = next(self._numbers)
            self._waiting[number] = reply
            self._send({**message, "seq": number})
        if not reply.there.wait(PATIENCE):
            raise JanitorLost(f"the janitor (pid {self.pid}) did not answer {message['op']!r} in {PATIENCE:g} s")
        if reply.message is None:
            raise self._lost()
        return reply.message

    def _send(self, message: Message) -> None:
        try:
            self._socket.sendall(encode(message))
        except OSError as error:
            raise self._lost() from error

    def _listen(self) -> None:
        inbox = Inbox(self._socket.fileno())
        while (messages := inbox.receive()) is not None:
            for message in messages:
                self._hear(message)
        self._mourn()

    def _hear(self, message: Message) -> None:
        if "exit" in message:
            with self._lock:
                child = self._children.pop(message["exit"], None)
            if child is not None:  # not another member's
                child.ended(message["status"])
        elif (ordered := self._ordered.pop(message["seq"], None)) is not None:
            self._begin(ordered, message)
        else:
            with self._lock:
                reply = self._waiting.pop(message["seq"], None)
            if reply is not None:  # nobody waits any more
                reply.set(message)

    def _begin(self, child: Child, message: Message) -> None:
        if "error" in message:
            child.ended(None, refused=OSError(message["errno"], message["error"]))
            return
        with self._lock:
            self._children[message["pid"]] = child
        child.begun(message["pid"])

    def _mourn(self) -> None:
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
        """Say goodbye. A janitor of our own alone cleans up whatever is still open; wait until it has."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._process.wait()
        self._listener.join(PATIENCE)
        self._socket.close()

    def dismiss(self, *, keep: bool) -> None:
        """Have everything closed, whoever else is connected; returns when all is gone."""
        self.tell({"op": "dismiss", "keep": keep})
        self._listener.join(PATIENCE)
        self.part()

    def _check_alive(self) -> None:
        if not self._alive:
            raise self._lost()

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
"""By the pid of their owner: a forked child finds none of its own."""
_starting = threading.Lock()


def janitor() -> Janitor:
    """This process's janitor; a new one if there is none, or the old one was lost."""
    with _starting:
        mine = _janitors.get(os.getpid())
        if mine is None or not mine.alive:
            mine = _janitors[os.getpid()] = Janitor(*booting.own())
        return mine


@atexit.register
def _part() -> None:
    """Let the janitor finish before this process is gone: what nobody closed is cleaned up by then."""
    mine = _janitors.get(os.getpid())
    if mine is not None:
        mine.part()
