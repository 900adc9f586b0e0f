"""Checks of arguments: a wrong one is refused with an example of a right one."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from typing import Any

from metricrig._core.errors import UsageError

_LONGEST = 366 * 86_400.0
"""Seconds, a year: the longest wait that is accepted, because the system's own waits refuse much larger numbers."""
HIGHEST_PORT = 65535


def wrong(who: str, what: str, given: object, right: str) -> UsageError:
    """The error for ``what=given``, with what to write instead."""
    return UsageError(f"{who}: {what}={given!r}\n  what works: {right}")


def seconds(who: str, what: str, given: Any) -> float:
    """A length of time in seconds, from 0 to a year."""
    if isinstance(given, bool) or not isinstance(given, int | float) or math.isnan(given) or not 0 <= given <= _LONGEST:
        raise wrong(who, what, given, f"seconds, from 0 to a year: {what}=2.5")
    return float(given)


def number(who: str, what: str, given: Any) -> float:
    """A number, of any size."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise wrong(who, what, given, f"a number: {what}=0.99")
    try:
        return float(given)
    except OverflowError:
        raise wrong(who, what, given, f"a number that a float can hold: {what}=0.99") from None


def count(who: str, what: str, given: Any) -> int:
    """A whole number from 0 on."""
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 1 << 62:
        raise wrong(who, what, given, f"a whole number from 0 on: {what}=20")
    return given


_UNITS = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


def byte_count(who: str, what: str, given: Any) -> int:
    """So many bytes: a whole number, or a text with a unit. A MB has 1,000,000, a MiB 1,048,576."""
    if isinstance(given, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", given.strip())):
        unit = _UNITS.get(found[2].upper())
        given = given if unit is None else int(float(found[1]) * unit)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 1 << 62:
        raise wrong(who, what, given, f'bytes, as a number or with a unit: {what}="64MB"')
    return given


def require_expression(who: str, given: Any) -> Any:
    """An expression: a selection of metrics, or what is calculated from some."""
    if not hasattr(given, "evaluate"):
        shown = f"metric({given!r})" if isinstance(given, str) else 'metric("orders_total", status="ok")'
        raise wrong(who, "expression", given, f"a metric: {who}({shown})")
    return given


def text(who: str, what: str, given: Any, example: str) -> str:
    """A text."""
    if not isinstance(given, str):
        raise wrong(who, what, given, f"a text: {example}")
    return given


def pattern(who: str, given: Any) -> str:
    """A regular expression, as a text that can be compiled."""
    if isinstance(given, re.Pattern):
        raise wrong(who, "pattern", given, f"its text, flags in it: {given.pattern!r}, r'(?i)ready'")
    text(who, "pattern", given, r'r"ready to accept \w+"')
    try:
        re.compile(given, re.MULTILINE)
    except re.error as error:
        right = f"a regular expression, and this one has {error}; literally it would be {re.escape(given)!r}"
        raise wrong(who, "pattern", given, right) from error
    return str(given)


def require_condition(who: str, given: Any) -> Any:
    """A condition on metrics. A metric alone is a number, and says nothing of when a wait should end."""
    if not hasattr(given, "judge"):
        shown = given if hasattr(given, "evaluate") else 'metric("queue_depth").max()'
        raise wrong(who, "condition", given, f"a comparison: {who}({shown} > 0)")
    return given


def signal_number(who: str, what: str, given: Any) -> int:
    """A signal: one of ``signal``, or its number."""
    import signal  # noqa: PLC0415 - half a millisecond of everybody's import

    if isinstance(given, bool) or not isinstance(given, int) or given not in signal.valid_signals():
        meant = str(given).upper().removeprefix("SIG")
        name = meant if isinstance(given, str) and hasattr(signal, f"SIG{meant}") else "HUP"
        raise wrong(who, what, given, f"signal.SIG{name}")
    return int(given)


def port_number(who: str, what: str, given: Any) -> int:
    """A port that something can listen on."""
    if isinstance(given, bool) or not isinstance(given, int) or not 0 < given <= HIGHEST_PORT:
        raise wrong(who, what, given, f"a port's number, up to {HIGHEST_PORT}: {who}(8080)")
    return given


def command(who: str, given: Any, what: str = "command") -> list[str]:
    """Words of a command, paths among them as texts."""
    if isinstance(given, str):
        raise UsageError(f"{who}: {what}={given!r} is one text\n  it is a list: {what}={given.split()!r}")
    if not isinstance(given, Sequence) or isinstance(given, bytes | bytearray) or not given:
        raise wrong(who, what, given, f'a list of texts and paths that is not empty: {what}=["sleep", "10"]')
    return [_word(who, what, given, each) for each in given]


def _word(who: str, what: str, words: Sequence[Any], word: Any) -> str:
    if isinstance(word, os.PathLike):
        word = os.fspath(word)
    if not isinstance(word, str):
        right = [each if isinstance(each, str) else _as_text(each) for each in words]
        raise UsageError(f"{who}: {what}={list(words)!r} is not a list of texts\n  what works: {what}={right!r}")
    return word


def _as_text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, bytes | os.PathLike) else str(value)
