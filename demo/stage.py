"""Where the tour is shown: acts, steps, and whether each was as promised."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.markup import escape

from metricrig import MetricrigError
from metricrig._core.amounts import in_time
from metricrig.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


_SAID_FROM = 32
"""Columns before what a step has said, for what it is called and how long it took."""


class NotAsPromised(Exception):
    """A step's result is not what the library promises."""


def expect(right: bool, otherwise: str) -> None:
    """Fail the step unless it is right."""
    if not right:
        raise NotAsPromised(otherwise)


@dataclass(slots=True)
class Step:
    """One thing that is shown; ``said`` is filled in while it happens."""

    what: str
    said: str = ""
    fine: bool = False
    seconds: float = 0.0


@dataclass(slots=True)
class Stage:
    """The screen, and everything that was shown on it."""

    screen: Console = field(default_factory=console)
    steps: list[Step] = field(default_factory=list)

    def act(self, title: str) -> None:
        """Begin a part of the tour."""
        self.screen.print()
        self.screen.print(f"[bold cyan]{title}[/]")

    def note(self, text: str) -> None:
        """Say something beside the steps."""
        self.screen.print("\n".join(f"  [dim]{escape(line)}[/]" for line in self._folded(text, 2)), soft_wrap=True)

    def quote(self, title: str, text: str) -> None:
        """What somebody has said, as it is: a long line is folded by the terminal, and is one when it is copied."""
        self.screen.print(f"  [bold red]{escape(title)}[/]")
        for line in text.splitlines():
            self.screen.print(f"  [red]│[/] {escape(line)}", soft_wrap=True)

    @contextlib.contextmanager
    def step(self, what: str, *, spinning: bool = True) -> Iterator[Step]:
        """Do one thing; when it goes wrong say so, remember it, and go on with the tour."""
        step = Step(what)
        self.steps.append(step)
        began = time.monotonic()
        try:
            with self._spinning(what) if spinning else contextlib.nullcontext():
                yield step
            step.fine = True
        except (MetricrigError, NotAsPromised, OSError, ValueError, LookupError) as error:
            step.said = f"{type(error).__name__}: {error}"
        step.seconds = time.monotonic() - began
        mark = "[green]ok[/]" if step.fine else "[bold red]NO[/]"
        first, *others = self._folded(step.said, _SAID_FROM) or [""]
        self.screen.print(
            f"  {mark}  [dim]{in_time(step.seconds):>7}[/]  [bold]{escape(what):<16}[/] {escape(first)}", soft_wrap=True
        )
        for line in others:
            self.screen.print(" " * _SAID_FROM + escape(line), soft_wrap=True)

    def _folded(self, text: str, begin: int) -> list[str]:
        """Lines that fit beside what stands before them; a word is never broken, so that it can be copied."""
        width = max(self.screen.width - begin, 20)
        lines = text.splitlines()
        return [
            part for each in lines for part in wrap(each, width, break_long_words=False, break_on_hyphens=False) or [""]
        ]

    def _spinning(self, what: str) -> contextlib.AbstractContextManager[object]:
        """Something that moves; a pipe gets nothing of it."""
        return (
            self.screen.status(f"[dim]{escape(what)} ...[/]") if self.screen.is_terminal else contextlib.nullcontext()
        )

    @property
    def failed(self) -> list[Step]:
        """The steps that were not as promised."""
        return [each for each in self.steps if not each.fine]
