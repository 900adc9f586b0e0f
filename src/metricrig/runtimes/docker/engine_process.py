"""Something that runs in an engine: a thread follows its output to the end, and then tells how it ended."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from metricrig.runtimes import Running
    from metricrig.runtimes.docker.output_stream import Output


class Launched:
    """What a container and a command in one have in common."""

    def __init__(self, on_exit: Callable[[Running], None] | None = None) -> None:
        self.status: int | None = None
        self.refused: str | None = None
        self.how = "runs"
        self.ended_at = 0.0
        self.exited = threading.Event()
        self._on_exit = on_exit

    def follow(self, output: Output, out: Path, err: Path | None) -> None:
        """Write its output into files, on a thread. Its end is told after its last words."""

        def pour() -> None:
            try:
                output.pour(out, err)
            except (OSError, ValueError):
                pass  # hung up on; how it ended says why
            finally:
                output.close()
                self.ended(*self.ending())

        threading.Thread(target=pour, name="metricrig-output", daemon=True).start()

    def ending(self) -> tuple[int | None, str]:
        """Its exit status and the words for it; asked when there is no more output."""
        raise NotImplementedError

    def ended(self, status: int | None, how: str) -> None:
        """Tell everybody."""
        self.status, self.how, self.ended_at = status, how, time.monotonic()
        self.exited.set()
        if self._on_exit is not None:
            self._on_exit(self)  # type: ignore[arg-type]
