"""How long to go on, and how long to wait between two tries: decided on numbers alone."""

from __future__ import annotations

import random
from dataclasses import dataclass

_FIRST = 0.1
_LONGEST = 5.0
TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Patience:
    """``timeout`` is for one try, ``within`` for all of them, in seconds."""

    timeout: float = 5.0
    within: float = 15.0


def worth_retrying(status: int) -> bool:
    """Whether the same request may be taken later."""
    return status == TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def pause_after(tries: int, retry_after: str | None = None, chance: float | None = None) -> float:
    """Seconds to wait after so many tries: doubling, up to five, and half of it by chance.

    Chance keeps many clients of one store from coming back at the same moment. A store that says in seconds when to
    come back is believed; one that names a date is not: clocks differ.
    """
    asked = float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
    usual = min(_LONGEST, _FIRST * 2.0 ** (tries - 1))
    share = random.random() if chance is None else chance  # noqa: S311 - nobody has to be kept from guessing it
    return max(asked, usual * (0.5 + 0.5 * share))
