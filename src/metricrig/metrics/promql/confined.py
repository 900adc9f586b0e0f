"""An expression about all series of a server, made to be about some: each selector in it gets one matcher more.

PromQL reserves hardly a word (``and and and`` are two metrics), so what a word is depends on where it stands. Whatever
could be a selector is taken for one: if it is none, the server refuses the expression, and nobody else's series are
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.promql.tokens import Token, is_empty, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_AFTER_AN_OPERAND = {"and", "or", "unless", "atan2", "offset"}
_BEFORE_AN_OPERAND = {"bool", "group_left", "group_right"}
_NUMBERS = {"inf", "nan"}
_OPERANDS = {"number", "string", "braces", "brackets"}


def confined(expression: str, matcher: str) -> str:
    """The expression with ``matcher``, such as ``team="a"``, in each vector selector."""
    several = tokens(expression)
    return "".join(piece + token.gap for token, piece in zip(several, _pieces(several, matcher), strict=True))


def _pieces(several: list[Token], matcher: str) -> Iterator[str]:
    complete = False  # an operand has just ended
    for token, following in zip(several, [*several[1:], Token("end", "")], strict=True):
        if token.kind == "word":
            selects, complete = _judged(token.text, following, complete=complete)
            yield f"{token.text}{{{matcher}}}" if selects and following.kind != "braces" else token.text
            continue
        if token.kind != "grouping":  # before an operand or behind one, it changes nothing
            complete = token.kind in _OPERANDS or token.text == ")"
        yield _joined(token.text, matcher) if token.kind == "braces" else token.text


def _judged(word: str, following: Token, *, complete: bool) -> tuple[bool, bool]:
    """Whether a word is a metric's name, and whether it completes an operand."""
    if following.kind == "grouping" or following.text == "(":
        _refuse_info(word, following)
        return False, False
    lower = word.lower()
    if lower in _NUMBERS:
        return False, True
    if lower in (_AFTER_AN_OPERAND if complete else _BEFORE_AN_OPERAND):
        return False, False
    return True, True


def _joined(braces: str, matcher: str) -> str:
    """In front: behind, there may be a comma already."""
    return f"{{{matcher}{'' if is_empty(braces) else ','}{braces[1:]}"


def _refuse_info(word: str, following: Token) -> None:
    if word == "info" and following.text == "(":
        raise UsageError(
            "info() finds series by itself, other views' too, so it cannot be asked in a view\n"
            "  what to do: join with the info metric: x * on (instance, job) group_left (version) build_info"
        )
