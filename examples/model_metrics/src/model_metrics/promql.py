"""Selectors, built from values that come from outside and must stay values."""

from __future__ import annotations

_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def quoted(value: str) -> str:
    """A string literal: a backslash, a quote and a line break are all that could end or change it."""
    return f'"{value.translate(_ESCAPED)}"'


def selector(metric: str, /, *more: str, **labels: str) -> str:
    """``metric{a="b"}``, always with ``=``, for which the characters of regular expressions mean nothing.

    ``more`` are matchers that the program itself has written. An empty value is refused: ``a=""`` selects every
    series *without* a label ``a``.
    """
    empty = [name for name, value in labels.items() if not value]
    if empty:
        raise ValueError(f"{metric}: the value of {', '.join(empty)} is empty, which would match series without it")
    matchers = [*(f"{name}={quoted(value)}" for name, value in labels.items()), *more]
    return f"{metric}{{{', '.join(matchers)}}}"
