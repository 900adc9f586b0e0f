"""The place in a user's own code at which an error was raised, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from traceback import FrameSummary


_OURS = str(Path(__file__).parent.parent) + "/"


def place_of(error: BaseException, function: Any = None) -> str:
    """The deepest line of the file that the function is in, and where that line's call led to; "" if nobody knows."""
    import traceback  # noqa: PLC0415 - only when something has gone wrong

    frames = traceback.extract_tb(error.__traceback__)
    theirs = next((each.filename for each in frames if not each.filename.startswith(_OURS)), None)
    if theirs is None:  # it could not even be called, or it is one of ours
        return _home(function)
    *_, user = (each for each in frames if each.filename == theirs)
    last = frames[-1]
    beyond = "" if last is user else f"\n  raised in {_where(last)}"
    return f"at {_where(user)}\n    | {(user.line or '').strip()}{beyond}"


def _where(frame: FrameSummary) -> str:
    return f"{frame.filename}:{frame.lineno}, in {frame.name}"


def _home(function: Any) -> str:
    """Where a function is defined."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    import linecache  # noqa: PLC0415 - as above

    line = linecache.getline(code.co_filename, code.co_firstlineno).strip()
    return f"of {code.co_filename}:{code.co_firstlineno}" + (f"\n    | {line}" if line else "")
