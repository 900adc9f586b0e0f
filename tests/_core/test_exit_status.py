from __future__ import annotations

import pytest

from metricrig._core.exit_status import in_words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with 0"),
        (77, "exited with 77"),
        (-9, "was killed by SIGKILL"),
        (-34, "was killed by SIGRTMIN"),
        (-40, "was killed by signal 40"),
        (None, "was lost: its janitor is gone"),
    ],
)
def test_ends_are_told_in_words(status: int | None, words: str) -> None:
    assert in_words(status) == words
