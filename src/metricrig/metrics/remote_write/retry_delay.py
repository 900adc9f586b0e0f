"""How long a sender waits before it tries again: longer each time, and never two senders alike."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST = 0.01
"""Seconds before the second try: a server of a test is busy for milliseconds."""
LONGEST = 5.0
_DOUBLINGS = 20


@dataclass(slots=True)
class RetryDelay:
    """Doubled from try to try, of which the second half is left to chance; the same for the same ``seed``."""

    seed: int | str = 0
    tries: int = 0
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - not a secret

    def next(self) -> float:
        """Seconds until the next try."""
        whole = min(FIRST * (1 << min(self.tries, _DOUBLINGS)), LONGEST)
        self.tries += 1
        return whole * (1 + self._dice.random()) / 2
