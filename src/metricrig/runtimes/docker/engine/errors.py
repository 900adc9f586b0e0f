"""Errors of engines in plain words, without what the client library wraps around them."""

from __future__ import annotations


def engine_message(error: BaseException) -> str:
    """What the engine says, without what the client wraps around it."""
    explanation = getattr(error, "explanation", "")
    return str(explanation or getattr(error, "msg", "") or error)


def root_cause(error: BaseException) -> str:
    """What stands at the bottom of an error, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such socket"
    if isinstance(error, PermissionError):
        return "you may not use it (are you in its group?)"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    while (inner := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        error = inner
    return str(error) or type(error).__name__
