"""The decision on what to do after a request to write, made on data alone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig.metrics.http.client import HttpAnswer


SAMPLES_WRITTEN_HEADER = "x-prometheus-remote-write-samples-written"
_HTTP_UNSUPPORTED = 415
_HTTP_TOO_MANY_REQUESTS = 429
_HTTP_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server has it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The server asked for another try, after so many seconds."""

    pause: float


@dataclass(frozen=True, slots=True)
class UseVersion1:
    """The server does not take this version of the protocol, and has taken nothing of it."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Trying again would change nothing."""

    why: str


Verdict = Delivered | TryAgain | UseVersion1 | GiveUp


def judge(answer: HttpAnswer, *, samples: int, version: int, pause: float, left: float, now: float) -> Verdict:
    """At ``now`` on the wall clock. Unless the server says how long to ``pause``, it is so long.

    Another try has to begin within ``left`` seconds.
    """
    if answer.ok:
        return _counted(answer, samples) if version > 1 else Delivered()
    if answer.status == _HTTP_UNSUPPORTED and version > 1:
        return UseVersion1()
    if answer.status != _HTTP_TOO_MANY_REQUESTS and answer.status < _HTTP_SERVER_ERROR:
        return GiveUp("")
    asked = retry_after(answer.headers, now)
    pause = pause if asked is None else asked
    if pause > left:
        return GiveUp(f"another try in {pause:.3g} s would be too late: there is time for {max(left, 0.0):.3g} s")
    return TryAgain(pause)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The pause that a server asks for, in seconds or as a date; None if it does not ask."""
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    if said.isdecimal():
        return float(said)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - few servers say it

    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now)
    except ValueError:
        return None


def _counted(answer: HttpAnswer, samples: int) -> Verdict:
    """Receivers that do not know version 2 answer 204 and drop it: only those that count have it."""
    written = answer.headers.get(SAMPLES_WRITTEN_HEADER)
    if written is None:
        return GiveUp(
            f"it answered {answer.status} without the header {SAMPLES_WRITTEN_HEADER},"
            " so it does not know remote write 2.0 and has dropped the samples\n"
            "  what to do: version=1 (Prometheus takes 2.0 from 2.54 on, VictoriaMetrics never)"
        )
    if written.strip() != str(samples):
        return GiveUp(f"it has written {written} of {samples} samples")
    return Delivered()


FIRST_PAUSE_SECONDS = 0.01
"""Seconds before the second try: a server of a test is busy for milliseconds."""
LONGEST_PAUSE_SECONDS = 5.0
_MOST_DOUBLINGS = 20


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
        whole = min(FIRST_PAUSE_SECONDS * (1 << min(self.tries, _MOST_DOUBLINGS)), LONGEST_PAUSE_SECONDS)
        self.tries += 1
        return whole * (1 + self._dice.random()) / 2
