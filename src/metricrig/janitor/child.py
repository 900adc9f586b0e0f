"""A child of the janitor as its owner sees it: the order to start it, and what has become of it."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Protocol

from metricrig._core.exit_status import in_words
from metricrig._core.frozen_class import frozen_by_name, made_by
from metricrig._core.latch import Latch
from metricrig._core.process_id import ProcessId
from metricrig.janitor import process_tree
from metricrig.janitor.process_tree import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from metricrig.janitor.protocol import Message
    from metricrig.resources import Resources

JANITOR_REPLY_TIMEOUT = 30.0
"""Seconds that a janitor may take to answer, where the operation that asks it has no deadline of its own."""


@frozen_by_name
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
    ports: Mapping[str, int] = made_by(factory=dict)
    service: bool = True

    def message(self, mark: str) -> Message:
        """What is sent; the mark goes into the environment of everything that comes of it."""
        return {
            "rig": self.rig,
            "name": self.name,
            "mark": mark,
            "argv": list(self.argv),
            "cwd": str(self.cwd),
            "env": {**self.env, MARK: mark},
            "out": str(self.out),
            "err": str(self.err) if self.err else None,
            "stdin": str(self.stdin) if self.stdin else None,
            "user": self.user,
            "stop_signal": int(self.stop_signal),
            "ports": dict(self.ports),
            "service": self.service,
        }


class Parent(Protocol):
    """What a child needs of the janitor's client."""

    def ask(self, message: Message) -> Message:
        """Send a message and wait for its answer."""

    def await_answer(self, answered: Latch, op: str, sent_at: float) -> None:
        """Wait until it has answered what was sent then."""


class Child:
    """A command as its owner sees it, from the order on: the janitor's answer, with the pid, comes a little later."""

    def __init__(self, janitor: Parent, mark: str, on_exit: Callable[[Child], None] | None) -> None:
        self.mark = mark
        """Its number in messages: unlike its pid, it is known before the janitor has answered."""
        self.status: int | None = None
        self.refused: str | None = None
        self.ended_at = 0.0
        self.exited = Latch()
        self._pid = 0
        self._ordered_at = time.monotonic()
        self._answered = Latch()
        self._janitor = janitor
        self._on_exit = on_exit

    @property
    def pid(self) -> int:
        """Its process id; 0 if it could not be executed."""
        if not self._answered.is_set():
            self._janitor.await_answer(self._answered, "spawn", self._ordered_at)
        return self._pid

    @property
    def gone(self) -> bool:
        """Whether it has ended; the janitor's report may be on its way."""
        if self.exited.is_set():
            return True
        identity = ProcessId.of(self._pid) if self._pid else None
        return self._pid != 0 and (identity is None or not identity.alive)

    @property
    def how(self) -> str:
        """How it ended, in words."""
        return in_words(self.status)

    @property
    def here(self) -> bool:
        """Always: we have started it."""
        return True

    @property
    def frozen(self) -> bool:
        """Whether it lives and nothing of it runs."""
        return bool(self._pid) and not self.gone and process_tree.is_frozen(self._pid)

    def listens(self, port: int) -> bool:
        """Who accepts a connection of this machine is a process of it; whose, ``usurper`` tells."""
        return bool(port)

    def resources(self) -> Resources:
        """Of it and everything below it."""
        from metricrig.resources import of_tree  # noqa: PLC0415 - few ask

        return of_tree(self.pid)

    def signal(self, number: int, *, tree: bool = False) -> None:
        """Send a signal to it, or to it and everything below it."""
        self._signal(number, "tree" if tree else "one")

    def freeze(self) -> None:
        """Stop it and everything below it, until ``SIGCONT``; when this returns, nothing of it runs."""
        self._signal(signal.SIGSTOP, "freeze")

    def _signal(self, number: int, how: str) -> None:
        self._janitor.ask({"op": "signal", "mark": self.mark, "signal": int(number), "how": how})

    def collect(self) -> None:
        """Kill what is left of it and its descendants; when this returns, nothing is."""
        self._janitor.ask({"op": "collect", "mark": self.mark})

    def begun(self, pid: int) -> None:
        """The janitor has started it."""
        self._pid = pid
        self._answered.set()

    def ended(self, status: int | None, *, refused: OSError | None = None) -> None:
        """The janitor reports its end, or why there was no beginning; None if the janitor itself is gone."""
        self.status, self.ended_at = status, time.monotonic()
        if refused is not None:
            self.refused = os.strerror(refused.errno) if refused.errno else str(refused)
        self._answered.set()
        self.exited.set()
        if self._on_exit is not None:
            self._on_exit(self)
