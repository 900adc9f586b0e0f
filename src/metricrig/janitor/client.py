"""The test process's side of its janitor: one a process, started with the first rig."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig.janitor.family import MARK
from metricrig.janitor.wire import Inbox, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from metricrig.janitor.wire import Message

_PATIENCE = 30.0


class JanitorLost(MetricrigError):
    """The janitor is gone although its owner lives: somebody killed it, or it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One command to start: everything is decided already."""

    rig: str
    name: str
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    out: Path
    err: Path | None = None
    stdin: Path | None = None
    user: tuple[int, int] | None = None
    stop_signal: int
    ports: Mapping[str, int] = field(default_factory=dict)
    service: bool = True


class Child:
    """A running command as its owner sees it."""

    def __init__(self, janitor: Janitor, pid: int, on_exit: Callable[[Child], None] | None) -> None:
        self.pid = pid
        self.status: int | None = None
        self.lost = False
        self.ended_at = 0.0
        self.exited = threading.Event()
        self._janitor = janitor
        self._on_exit = on_exit

    def signal(self, number: int, *, tree: bool = False) -> None:
        """Send a signal to it, or to it and everything below it."""
        self._janitor.tell({"op": "signal", "pid": self.pid, "signal": int(number), "tree": tree})

    def collect(self) -> None:
        """Kill what is left of it and its descendants; when this returns, nothing is."""
        self._janitor.ask({"op": "collect", "pid": self.pid})

    def ended(self, status: int | None, *, lost: bool = False) -> None:
        """The janitor reports its end."""
        self.status, self.lost, self.ended_at = status, lost, time.monotonic()
        self.exited.set()
        if self._on_exit is not None:
            self._on_exit(self)


class Janitor:
    """A janitor process and the conversation with it. Safe to use from many threads."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the janitor
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", _boot(), str(os.getpid()), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                pass_fds=[theirs.fileno()],
                cwd="/",
                start_new_session=True,
            )
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, _Reply] = {}
        self._children: dict[int, Child] = {}
        self._early: dict[int, int] = {}
        self._alive = True
        threading.Thread(target=self._listen, name="metricrig-janitor", daemon=True).start()

    @property
    def pid(self) -> int:
        """The janitor's own pid."""
        return self._process.pid

    def open_rig(self, rig: str, name: str, directory: Path, mode: int) -> None:
        """Have a directory removed with this process, whatever happens; sent before the directory exists."""
        self.tell({"op": "open", "rig": rig, "name": name, "directory": str(directory), "mode": mode})

    def close_rig(self, rig: str, *, keep: bool) -> str | None:
        """Remove a rig's directory, or leave it; says why if it could not."""
        why: str | None = self.ask({"op": "close", "rig": rig, "keep": keep})["why"]
        return why

    @contextlib.contextmanager
    def adopting(self, path: Path) -> Iterator[None]:
        """Have a path outside any rig removed, should this process die within the block."""
        self.tell({"op": "adopt", "path": str(path)})
        try:
            yield
        finally:
            self.tell({"op": "forget", "path": str(path)})

    def spawn(self, order: Order, on_exit: Callable[[Child], None] | None = None) -> Child:
        """Start a command. ``on_exit`` is called once, on the janitor's listening thread."""
        mark = f"{order.rig}/{order.name}/{next(self._numbers)}"
        reply = self.ask(
            {
                "op": "spawn",
                "rig": order.rig,
                "name": order.name,
                "mark": mark,
                "argv": list(order.argv),
                "cwd": str(order.cwd),
                "env": {**order.env, MARK: mark},
                "out": str(order.out),
                "err": str(order.err) if order.err else None,
                "stdin": str(order.stdin) if order.stdin else None,
                "user": order.user,
                "stop_signal": int(order.stop_signal),
                "ports": dict(order.ports),
                "service": order.service,
            },
        )
        if "error" in reply:
            raise OSError(reply["errno"], reply["error"])
        return self._enrol(Child(self, reply["pid"], on_exit))

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
        if not reply.there.wait(_PATIENCE):
            raise JanitorLost(f"the janitor (pid {self.pid}) did not answer {message['op']!r} in {_PATIENCE:g} s")
        if reply.message is None:
            raise self._lost()
        return reply.message

    def _send(self, message: Message) -> None:
        try:
            self._socket.sendall(encode(message))
        except OSError as error:
            raise self._lost() from error

    def _enrol(self, child: Child) -> Child:
        with self._lock:
            self._children[child.pid] = child
            status = self._early.pop(child.pid, None)
            alive = self._alive
        if status is not None:
            child.ended(status)
        elif not alive:
            child.ended(None, lost=True)
        return child

    def _listen(self) -> None:
        inbox = Inbox(self._socket.fileno())
        while (messages := inbox.receive()) is not None:
            for message in messages:
                self._hear(message)
        self._mourn()

    def _hear(self, message: Message) -> None:
        if "seq" in message:
            with self._lock:
                reply = self._waiting.pop(message["seq"], None)
            if reply is not None:
                reply.set(message)
            return
        with self._lock:
            child = self._children.pop(message["exit"], None)
            if child is None:  # it died before its spawn was answered here
                self._early[message["exit"]] = message["status"]
        if child is not None:
            child.ended(message["status"])

    def _mourn(self) -> None:
        with self._lock:
            self._alive = False
            replies, children = list(self._waiting.values()), list(self._children.values())
            self._waiting.clear()
            self._children.clear()
        for reply in replies:
            reply.set(None)
        for child in children:
            child.ended(None, lost=True)

    @property
    def alive(self) -> bool:
        """Whether it still listens."""
        return self._alive

    def part(self) -> None:
        """Say goodbye, and wait until it has cleaned up whatever is still open."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)

    def _check_alive(self) -> None:
        if not self._alive:
            raise self._lost()

    def _lost(self) -> JanitorLost:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip()
        return JanitorLost(
            f"the janitor (pid {self.pid}) is gone (status {self._process.returncode}), so nothing can be started or"
            f" stopped in this process's rigs any more\n  what to do: close the rigs; `metricrig ps` shows and"
            f" `metricrig clean` removes what is left" + (f"\n  it said: {said}" if said else ""),
        )


class _Reply:
    def __init__(self) -> None:
        self.there = threading.Event()
        self.message: Message | None = None

    def set(self, message: Message | None) -> None:
        self.message = message
        self.there.set()


def _boot() -> str:
    return str(Path(__file__).with_name("boot.py"))


_janitors: dict[int, Janitor] = {}
"""By the pid of their owner: a forked child finds none of its own."""
_starting = threading.Lock()


def janitor() -> Janitor:
    """This process's janitor; a new one if there is none, or the old one was lost."""
    with _starting:
        mine = _janitors.get(os.getpid())
        if mine is None or not mine.alive:
            mine = _janitors[os.getpid()] = Janitor()
        return mine


@atexit.register
def _part() -> None:
    """Let the janitor finish before this process is gone: what nobody closed is cleaned up by then."""
    mine = _janitors.get(os.getpid())
    if mine is not None:
        mine.part()
