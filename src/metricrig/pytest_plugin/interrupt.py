"""The exception that ends a test which awaits."""

from __future__ import annotations

import sys

import pytest


class Interrupted(pytest.fail.Exception, KeyboardInterrupt):  # type: ignore[misc, name-defined]
    """A death in a test that awaits.

    What a callback raises, an event loop logs and goes on, unless it is a KeyboardInterrupt; what a test raises, the
    tasks that plugins run tests in survive if it is one of pytest's own outcomes.
    """

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


def is_ending() -> bool:
    """Whether a failure is being handled on this thread: then what runs is somebody's cleaning up."""
    error = sys.exception()
    while error is not None and not isinstance(error, pytest.fail.Exception):
        error = error.__context__
    return error is not None
