"""The start of several services at once, each as soon as what it needs is ready."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from metricrig._core.resource_limits import start_thread
from metricrig.lifecycle.process_wait import Abandoned
from metricrig.lifecycle.start_order import sorter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    StartOne = Callable[[str, threading.Event], None]


def start_together(needs: Mapping[str, Collection[str]], start_one: StartOne) -> dict[str, BaseException]:
    """Start all of them, a thread for each; says which failed, and why.

    After the first failure nothing more is begun, and what is under way is told to give up. Whatever happens,
    Ctrl-C too, no thread is left when this ends.
    """
    crew = _Crew(needs, start_one)
    try:
        crew.work()
    finally:
        crew.disband()
    return crew.failures


class _Crew:
    def __init__(self, needs: Mapping[str, Collection[str]], start_one: StartOne) -> None:
        self.graph = sorter(needs)
        self.start_one = start_one
        self.ended: queue.SimpleQueue[tuple[str, BaseException | None]] = queue.SimpleQueue()
        self.abandoned = threading.Event()
        self.failures: dict[str, BaseException] = {}
        self.threads: list[threading.Thread] = []

    def work(self) -> None:
        under_way = 0
        while under_way or (self.graph.is_active() and not self.failures):
            names = () if self.failures else self.graph.get_ready()
            under_way += len(names)
            # One alone is started on this thread: another would cost a tenth of the start of a Redis.
            begin = self.do if under_way == 1 else self.have_done
            for name in names:
                begin(name)
            name, error = self.ended.get()
            under_way -= 1
            self.note(name, error)

    def have_done(self, name: str) -> None:
        thread = threading.Thread(target=self.do, args=[name], name=f"metricrig-start-{name}", daemon=True)
        start_thread(thread)
        self.threads.append(thread)

    def do(self, name: str) -> None:
        error: BaseException | None = None
        try:
            self.start_one(name, self.abandoned)
        except BaseException as caught:  # noqa: BLE001 - handed to the thread that asked
            error = caught
        self.ended.put((name, error))

    def note(self, name: str, error: BaseException | None) -> None:
        if error is None:
            self.graph.done(name)
        elif not isinstance(error, Exception):
            raise error  # Ctrl-C
        elif not isinstance(error, Abandoned):
            self.failures[name] = error
            self.abandoned.set()

    def disband(self) -> None:
        self.abandoned.set()
        for thread in self.threads:
            thread.join()
