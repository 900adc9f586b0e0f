"""Something that runs in an engine: a thread follows its output to the end, and then tells how it ended."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from metricrig._core.exit_status import in_words
from metricrig._core.latch import Latch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from metricrig.runtimes import Running
    from metricrig.runtimes.docker.output_stream import OutputStream

_SIGNALLED = 128
REMOVED = "was removed by somebody else"
LOST = "was lost: the engine does not answer any more"


class EngineProcess:
    """What a container and a command in one have in common."""

    def __init__(self, on_exit: Callable[[Running], None] | None = None) -> None:
        self.status: int | None = None
        self.refused: str | None = None
        self.how = "runs"
        self.ended_at = 0.0
        self.exited = Latch()
        self._on_exit = on_exit

    def follow(self, output: OutputStream, out: Path, err: Path | None) -> None:
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


def status_of(code: int) -> int:
    """An exit status as of a process: what engines and shells write as 128 + n was signal n."""
    number = code - _SIGNALLED
    return -number if number in set(signal.Signals) else code


def end_in_words(code: int | None, state: dict[str, Any] | None, memory: int | None) -> str:
    """In words. ``state`` is the engine's description, None if there is no such container any more."""
    if state is None or state.get("Status") == "removing" or state.get("Dead"):
        return REMOVED
    if code is None:
        return LOST
    words = in_words(status_of(code))
    if state.get("OOMKilled"):
        limit = f"its limit of {memory / (1 << 20):g} MiB" if memory else "there is"
        return f"{words}: it wanted more memory than {limit}"
    return words
