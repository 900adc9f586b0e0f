"""What can go wrong, sorted by who can do something about it. Each has the exit code of the command."""

from __future__ import annotations

from typing import ClassVar


class IngestError(Exception):
    """The sample was not ingested, or nobody knows whether it was."""

    exit_code: ClassVar[int]
    outcome: ClassVar[str]
    """As the HTTP API counts it."""


class InvalidSample(IngestError):
    """No store would take it: it has not been sent."""

    exit_code = 2
    outcome = "invalid"


class BadUrl(IngestError):
    """The URL of the store is none."""

    exit_code = 2
    outcome = "invalid"


class Unreachable(IngestError):
    """Nobody listens there, or the connection broke."""

    exit_code = 3
    outcome = "unreachable"


class Rejected(IngestError):
    """The store has answered that it will not take it: trying again would not help."""

    exit_code = 4
    outcome = "rejected"


class Overloaded(IngestError):
    """The store has said until the end that it cannot take it now: 429, or 5xx."""

    exit_code = 5
    outcome = "overloaded"


class TimedOut(IngestError):
    """The store did not answer: whether it has the sample is not known."""

    exit_code = 6
    outcome = "timed_out"
