"""How something ended that ran in a container, from what the engine says of it."""

from __future__ import annotations

import signal
from typing import Any

from metricrig._core.exits import in_words

_SIGNALLED = 128
REMOVED = "was removed by somebody else"
LOST = "was lost: the engine does not answer any more"


def status_of(code: int) -> int:
    """An exit status as of a process: what engines and shells write as 128 + n was signal n."""
    number = code - _SIGNALLED
    return -number if number in set(signal.Signals) else code


def told(code: int | None, state: dict[str, Any] | None, memory: int | None) -> str:
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
