"""What ends a test that awaits. Small, because every session imports it."""

from __future__ import annotations

import sys


class Interrupted(KeyboardInterrupt):
    """A death in a test that awaits. What a callback raises, an event loop logs and goes on, but for this kind."""

    def __init__(self, failure: BaseException) -> None:
        super().__init__(str(failure))
        self.failure = failure


def in_a_loop() -> bool:
    """Whether an event loop runs on this thread."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
