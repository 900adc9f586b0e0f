"""The series notation of ``promtool test rules``: ``0+10x100 _x5 stale``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import STALE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_UNSIGNED = r"(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN])"
_NUMBER = rf"[+-]?{_UNSIGNED}"
_GAP = re.compile(r"_(?:x(\d+))?")
_REPEATED = re.compile(rf"({_NUMBER})(?:([+-])({_UNSIGNED}))?x(\d+)")
_PLAIN = re.compile(_NUMBER)
_SERIES = re.compile(r"([a-zA-Z_:][\w:]*)?\s*(?:\{(.*)\})?", re.DOTALL)
_LABEL = re.compile(r"""\s*([a-zA-Z_]\w*)\s*=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(,|$)""")
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_MOST_VALUES = 10_000_000
_TOKEN_LENGTH = 200
"""A longer token is none: the expressions above take the square of its length to say so."""

Values = tuple["NDArray[np.float64]", "NDArray[np.bool_]"]


def values(text: str) -> Values:
    """The values of a sequence, and which of them are there."""
    parts = [_token(token) for token in text.split()]
    if not parts:
        return np.zeros(0), np.zeros(0, dtype=bool)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _token(token: str) -> Values:
    if len(token) > _TOKEN_LENGTH:
        raise UsageError(f"a token of {len(token)} characters is none of the series notation: {token[:40]!r}...")
    if found := _GAP.fullmatch(token):
        count = _count(found[1] or "1", token)
        return np.zeros(count), np.zeros(count, dtype=bool)
    if token == "stale":  # noqa: S105 - a word of the notation
        return STALE.copy(), np.ones(1, dtype=bool)
    if found := _REPEATED.fullmatch(token):
        return _repeated(found, token)
    if _PLAIN.fullmatch(token):
        return np.array([float(token)]), np.ones(1, dtype=bool)
    raise UsageError(
        f"{token!r} is no token of the series notation{_hint(token)}\n"
        "  it knows 1, 0+10x100, 100-1x5, 3x4, _, _x5, stale, NaN, Inf, separated by spaces"
    )


def _repeated(found: re.Match[str], token: str) -> Values:
    """``a+bxn`` is a, and then n more, each b above the one before."""
    first, step = float(found[1]), float(found[3] or 0)
    if found[2] == "-":
        step = -step
    steps = np.full(_count(found[4], token) + 1, step)
    steps[0] = first
    # promtool adds up as well, so that 0.1 ten times is 0.9999999999999999 in both.
    return np.cumsum(steps), np.ones(len(steps), dtype=bool)


def _count(text: str, token: str) -> int:
    # Digits first: Python refuses to take thousands of them for a number.
    if len(text.lstrip("0")) > len(str(_MOST_VALUES)) or int(text) > _MOST_VALUES:
        raise UsageError(f"{token!r} stands for more than {_MOST_VALUES} values")
    return int(text)


def _hint(token: str) -> str:
    if token.startswith("{{"):
        return ": native histograms are not supported"
    if re.fullmatch(rf"{_NUMBER}[+-]{_NUMBER}", token):
        return f": how often is missing, as in {token}x10"
    return ""


def series(text: str) -> dict[str, str]:
    """``x{a="b"}`` as labels."""
    found = _SERIES.fullmatch(text.strip())  # blanks before and behind in the expression would take the cube of them
    if found is None or not (found[1] or found[2]):
        raise UsageError(f"{text!r} is no series, such as 'requests_total{{code=\"200\"}}'")
    name = {"__name__": found[1]} if found[1] else {}
    return {**name, **dict(_labels(found[2] or "", text))}


def _labels(inside: str, text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while inside[at:].strip():
        found = _LABEL.match(inside, at)
        if found is None:
            raise UsageError(f'{text!r}: {inside[at:].strip()!r} is no label, such as code="200"')
        yield found[1], re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), found[2][1:-1])
        at = found.end()
