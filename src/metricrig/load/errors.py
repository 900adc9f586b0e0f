"""What can go wrong with load: a run says nothing of the server, or was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.load.run import Run


class InvalidRun(MetricrigError):
    """A run was asserted on that says nothing of the server: its generator was late, or it ended early.

    ``reasons`` say which. ``run.measured`` has the same figures without this question.
    """

    def __init__(self, what: str, *, reasons: Sequence[str], measured: str) -> None:
        self.what = what
        self.reasons = tuple(reasons)
        lines = "".join(f"\n  - {each}" for each in self.reasons)
        super().__init__(
            f"{what}: this run is invalid, so it neither passes nor fails{lines}\n"
            f"  measured, for what it is worth: {measured}\n"
            "  what to do: give the generator a processor, ask for less, or say lag= if its lag does not matter"
        )


class LoadInterrupted(KeyboardInterrupt):
    """Ctrl-C, in a run: ``run`` is what was measured so far."""

    def __init__(self, run: Run) -> None:
        self.run = run
        super().__init__(f"interrupted, measured so far: {run}")
