"""What writes down each call while it is made: from many threads or tasks at once, until the run is over."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from metricrig.load.calls import GOOD, WHOLE, Calls
from metricrig.load.error_kinds import ErrorKinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNFINISHED = "had not ended when the run was over"
_CURRENT: ContextVar[CallRecorder | None] = ContextVar("recorder of the run that this call belongs to", default=None)


class CallRecorder:
    """Calls as they end, and those that are under way."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.kinds = ErrorKinds()
        self.operations = ["call"]
        self._under_way: dict[int, tuple[float, float]] = {}
        self._next = self._under_way_elsewhere = 0
        self._closed = False
        self._lock = threading.Lock()

    def begin(self, due: float) -> int:
        """A call begins now; returns its number, for ``end``."""
        with self._lock:
            self._next += 1
            self._under_way[self._next] = (due, time.monotonic())
            return self._next

    def end(self, number: int, error: BaseException | None) -> None:
        """It has ended now. One that ends after the run is over is known as unfinished already."""
        ended = time.monotonic()
        with self._lock:
            if not self._closed:
                due, began = self._under_way.pop(number)
                self.calls.add(due, began, ended, GOOD if error is None else self.kinds.number(error))

    def take(self, due: float, began: float, ended: float, error: str, *, operation: str = "") -> None:
        """A call that another program has made, with the operation that it was; an empty ``error`` is none."""
        with self._lock:
            self._next += 1
            outcome = self.kinds.number(error) if error else GOOD
            self.calls.add(due, began, ended, outcome)
            if operation:
                self.calls.add(due, began, ended, outcome, self.number_of(operation))

    def take_calls(self, calls: Calls, kinds: Sequence[str], operations: Sequence[str]) -> None:
        """Calls of another recorder, whose numbers of kinds and of operations are its own."""
        with self._lock:
            if self._closed:
                return
            outcomes = [GOOD, *(self.kinds.number(each) for each in kinds[1:])]
            self.calls.extend(calls, outcomes, [WHOLE, *(self.number_of(each) for each in operations[1:])])

    def count_elsewhere(self, begun: int, under_way: int) -> None:
        """So many more calls have begun, or are under way, in a process that tells of them when they end."""
        self._next += begun
        self._under_way_elsewhere += under_way

    def operation(self, name: str, began: float, error: BaseException | None) -> None:
        """A part of a call, which has ended now."""
        ended = time.monotonic()
        with self._lock:
            if self._closed:
                return
            outcome = GOOD if error is None else self.kinds.number(error)
            self.calls.add(began, began, ended, outcome, self.number_of(name))

    def number_of(self, operation: str) -> int:
        """The number of an operation, by its name."""
        if operation not in self.operations:
            self.operations.append(operation)
        return self.operations.index(operation)

    @property
    def begun(self) -> int:
        """How many calls have begun."""
        return self._next

    @property
    def under_way(self) -> int:
        """How many calls have begun and not ended."""
        return len(self._under_way) + self._under_way_elsewhere

    def close(self) -> None:
        """The run is over: what is under way has failed, after having taken so long."""
        with self._lock:
            if self._closed:
                return
            self._closed, now = True, time.monotonic()
            for due, began in self._under_way.values():
                self.calls.add(due, began, now, self.kinds.number(UNFINISHED))

    @contextmanager
    def current(self) -> Iterator[None]:
        """A block whose calls are recorded here, in this thread and in the tasks that it creates."""
        before = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(before)


@contextmanager
def op(name: str) -> Iterator[None]:
    """Measure a part of a call by itself, as ``with load.op("checkout"):``. Outside of a run it does nothing."""
    recorder, began = _CURRENT.get(), time.monotonic()
    try:
        yield
    except Exception as error:
        if recorder is not None:
            recorder.operation(name, began, error)
        raise
    if recorder is not None:
        recorder.operation(name, began, None)
