"""Pausing where the engine's own view is behind: it hears late of what it has done itself."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from metricrig.runtimes.docker import container as container_module
from metricrig.runtimes.docker.container import Container


class LateEngine:
    """Refuses so many times, as Docker does when the news of the last pause or resumption has just arrived."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.done: list[str] = []

    def pause(self, _: str) -> None:
        self._do("pause", "Container x is already paused")

    def unpause(self, _: str) -> None:
        self._do("unpause", "Container x is not paused")

    def _do(self, what: str, refusal: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise APIError("409 Client Error", explanation=refusal)
        self.done.append(what)


def container(engine: LateEngine) -> Container:
    reached: Any = SimpleNamespace(engine=SimpleNamespace(client=engine), here=True)
    doors: Any = None
    return Container(reached, "x", doors, memory=None, on_exit=None)


def test_a_pause_is_asked_for_until_it_is_one() -> None:
    engine = LateEngine(3)
    container(engine).freeze()
    assert engine.done == ["pause"]


def test_what_was_paused_is_resumed_although_the_engine_believes_that_it_runs() -> None:
    engine = LateEngine(0)
    frozen = container(engine)
    frozen.freeze()
    engine.refusals = 3
    frozen.signal(signal.SIGCONT)
    assert engine.done == ["pause", "unpause"]


def test_what_was_never_paused_is_not_insisted_on() -> None:
    engine = LateEngine(1)
    container(engine).signal(signal.SIGCONT)
    assert (engine.done, engine.refusals) == ([], 0)


def test_the_engines_word_is_taken_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may have resumed it."""
    monkeypatch.setattr(container_module, "STALE_STATE_TIMEOUT", 0.05)
    engine = LateEngine(0)
    frozen = container(engine)
    frozen.freeze()
    engine.refusals = 1_000_000
    frozen.signal(signal.SIGCONT)
    assert engine.done == ["pause"]


def test_a_container_that_has_ended_is_neither_paused_nor_resumed() -> None:
    engine = LateEngine(0)
    dead = container(engine)
    dead.freeze()
    dead.ended(0, "exited with 0")
    engine.refusals = 1_000_000
    dead.signal(signal.SIGCONT)
    assert engine.refusals == 999_999
