"""Where the tour is shown: acts, steps, and whether each was as promised."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.markup import escape

from metricrig import MetricrigError
from metricrig._core.amounts import in_time
from metricrig.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


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
        self.screen.print(f"  [dim]{escape(text)}[/]", soft_wrap=True)

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
        self.screen.print(
            f"  {mark}  [dim]{in_time(step.seconds):>7}[/]  [bold]{escape(what):<16}[/] {escape(step.said)}",
            soft_wrap=True,
        )

    def _spinning(self, what: str) -> contextlib.AbstractContextManager[object]:
        """Something that moves; a pipe gets nothing of it."""
        return (
            self.screen.status(f"[dim]{escape(what)} ...[/]") if self.screen.is_terminal else contextlib.nullcontext()
        )

    @property
    def failed(self) -> list[Step]:
        """The steps that were not as promised."""
        return [each for each in self.steps if not each.fine]
