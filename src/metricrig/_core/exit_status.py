"""How a process ended, in words."""

from __future__ import annotations

import signal

from metricrig._core.frozen_class import frozen


@frozen
class Completed:
    """A command that has ended: its exit status (negative for a signal) and what it said."""

    command: tuple[str, ...]
    status: int
    out: str
    err: str


def in_words(status: int | None) -> str:
    """``exited with 1``, ``was killed by SIGKILL``; None means that nobody saw the end."""
    if status is None:
        return "was lost: its janitor is gone"
    if status >= 0:
        return f"exited with {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}"
