"""The servers that one test uses: how they were when it began, and which of them have died since."""

from __future__ import annotations

import functools
import signal
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from metricrig._core.errors import MetricrigError
from metricrig.instance import Instance
from metricrig.lifecycle.instance_state import CLOSED
from metricrig.pytest_plugin.interrupt import Interrupted, in_a_loop, is_ending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from types import FrameType

    from metricrig._core.events import ServiceDiedUnasked
    from metricrig.metrics.exposition import Page
    from metricrig.metrics.scraping.endpoint import FetchedPage
    from metricrig.pytest_plugin.neighbours import Presence
    from metricrig.rig import Rig

# A signal that hardly anybody uses: applications use SIGUSR1 and SIGUSR2, pytest-timeout uses SIGALRM.
NUDGE = getattr(signal, "SIGRTMIN", signal.SIGURG) + 11
_PAGE_TIMEOUT_SECONDS = 0.25
# The kernel closes a dying process's connections before anybody can see that it has ended: a client may fail first.
_EXIT_NEWS_SECONDS = 0.05
# Where it is a broken connection that has failed, a death is the likeliest cause, and a busy machine tells of it late.
_BROKEN_CONNECTION_SECONDS = 2.0
# A test that kills a server and then waits for it is told by the wait: that may still have to begin.
_GRACE = 0.05
# An exception that arrives in a finalizer is swallowed: if the test goes on, it is told again.
_REPEAT_SECONDS = 0.5
_ADVICE = "  if that is what the test is about: with server.may_die(): ..., or server.wait_for_end()"


@dataclass(slots=True)
class ServerBefore:
    """How a server was when the test began with it."""

    log: int
    asked: Future[FetchedPage] | None

    def page(self) -> Page | None:
        """Its metrics page, if it has one that could be had."""
        try:
            return self.asked.result(_PAGE_TIMEOUT_SECONDS).page() if self.asked is not None else None
        except (MetricrigError, OSError, CancelledError):
            return None


@dataclass(slots=True)
class ServersOfTest:
    """What one test uses. ``armed`` while it may be interrupted; ``opened`` are the rigs that it has opened itself."""

    test: str
    full: bool = False
    """Whether reports are to show everything."""
    before: dict[Instance, ServerBefore] = field(default_factory=dict)
    rigs: list[Rig] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)
    """What is to be said of servers whose rig was closed before the end of the test."""
    lost_before: list[str] = field(default_factory=list)
    """How servers have died whose rig was closed afterwards."""
    presences: list[Presence] = field(default_factory=list)
    """At servers that other workers' tests use too."""
    armed: bool = False
    _quiet: bool = False
    """Whether the test has been interrupted just now."""
    _patient: bool = False
    """Whether the wait that has to end with the news was given time for it."""
    over: threading.Event = field(default_factory=threading.Event)

    def uses(self, made: Instance | Rig) -> bool:
        """Whether the test has this already."""
        return made in self.before or made in self.rigs

    def use(self, made: Instance | Rig) -> None:
        """The test has this from now on."""
        if self.uses(made):
            return
        if isinstance(made, Instance):
            self.before[made] = ServerBefore(0 if made.attached else made.logs.mark(), _asked(made))
        else:
            self.rigs.append(made)
            for each in made:
                self.use(each)

    def instances(self) -> Iterator[Instance]:
        """Everything that it uses, also what has been added to its rigs since."""
        yield from self.before
        yield from (each for rig in self.rigs for each in rig if each not in self.before)

    def concerns(self, event: ServiceDiedUnasked) -> bool:
        """Whether the test uses what died."""
        return any((each.name, each.rig) == (event.service, event.rig) for each in self.instances())

    def lost(self) -> None:
        """One has died: the test ends now, in whatever it is blocked."""
        if self.armed:
            threading.Thread(target=self._insist, args=[self.over], name="metricrig-insists", daemon=True).start()

    def ends(self, rig: str) -> None:
        """A rig is about to be closed, and this is the last moment to look at its servers."""
        servers = [each for each in self.instances() if each.rig == rig]
        if not servers:
            return
        from metricrig.pytest_plugin.failure_report import section  # noqa: PLC0415 - few tests close rigs

        if isinstance(error := sys.exc_info()[1], ConnectionError):  # the block ends with it
            self._await_death(servers, error)
        dead = [each for each in servers if each.lost]
        self.lost_before += [str(each.death("during this test", self._mark(each))) for each in dead]
        self.closed += [section(each, self.before.get(each), full=self.full) for each in servers]

    def arm(self) -> None:
        """From here on a death interrupts the test. Only the main thread can be interrupted."""
        if threading.current_thread() is threading.main_thread() and not self.armed:
            signal.signal(NUDGE, self._interrupt)
            self.armed, self.over = True, threading.Event()

    def disarm(self) -> None:
        """From here on a death does not interrupt the test."""
        self.armed = False
        self.over.set()

    def failure(self, addition: str = "", *, trace: bool = True) -> BaseException | None:
        """Why the test has failed, if one of its servers has died; looked at, because the news may be on its way."""
        now = [str(each.death("during this test", self._mark(each))) for each in self._lost()]
        if not (texts := [*self.lost_before, *now]):
            return None
        first, _, rest = "\n".join(texts).partition("\n")
        return pytest.fail.Exception(f"{first}{addition}\n{_ADVICE}\n{rest}".rstrip(), pytrace=trace)

    def cause(self, error: BaseException) -> BaseException | None:
        """The death that may be behind an error, shown where that was raised; with a moment for the news."""
        self._await_death([each for each in self.instances() if each.state != CLOSED], error)
        seen = f"{type(error).__name__}: {error}".splitlines()[0]
        failure = self.failure(f"\n  the test saw: {seen}")
        return failure and failure.with_traceback(error.__traceback__)

    def _await_death(self, servers: list[Instance], error: BaseException) -> None:
        """Give the news of a death that may be behind an error a moment to arrive."""
        broken = isinstance(error, ConnectionError)
        deadline = time.monotonic() + (_BROKEN_CONNECTION_SECONDS if broken else _EXIT_NEWS_SECONDS)
        while servers and not any(each.lost for each in servers) and time.monotonic() < deadline:
            time.sleep(0.001)

    def _lost(self) -> list[Instance]:
        return [each for each in self.instances() if each.lost]

    def _mark(self, instance: Instance) -> int:
        return self.before[instance].log if instance in self.before else 0

    def _insist(self, over: threading.Event) -> None:
        pause = _GRACE
        while not over.wait(pause):
            self._quiet, pause = False, _REPEAT_SECONDS
            signal.pthread_kill(threading.main_thread().ident or 0, NUDGE)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """On the main thread, whatever it does: a blocked system call ends with this exception."""
        __tracebackhide__ = True
        if not self.armed or self._quiet or is_ending():
            return
        if awaited := [each for each in self._lost() if each.awaited]:
            # Its own error is what the test may expect. Only if it asks something that does not answer, it is helped.
            if self._patient:
                raise awaited[0].told("while this test waited for it")
            self._patient = True
        elif (failure := self.failure()) is not None:
            self._quiet = True
            raise Interrupted(failure) if in_a_loop() else failure


def _asked(instance: Instance) -> Future[FetchedPage] | None:
    """What its metrics page says now. A test does not wait for it, and it is parsed only if that is needed."""
    if instance.service.metrics is None or instance.state != "ready":
        return None
    try:
        return _readers().submit(instance.metrics.endpoint.ask(_PAGE_TIMEOUT_SECONDS).read)
    except (MetricrigError, OSError):
        return None


@functools.cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, "metricrig-pages")
