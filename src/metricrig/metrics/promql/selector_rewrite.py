"""An expression about all series of a server, made to be about some: each selector in it gets one matcher more.

PromQL reserves hardly a word (``and and and`` are two metrics), so what a word is depends on where it stands. Whatever
could be a selector is taken for one: if it is none, the server refuses the expression, and nobody else's series are
read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


# A comment goes to the end of its line, and a match that would make it shorter is none.
_COMMENT = r"\#[^\r\n]*(?=[\r\n]|\Z)"
_STRING = r""" "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `[^`]*` """
_GAP = re.compile(rf"(?: [ \t\r\n] | {_COMMENT} )*", re.VERBOSE)

# In no expression that is one does anything but label names stand in the parentheses behind by, on and the like.
# A number takes what is glued to it, as in 0x1F, 1e-3, 1_000 or 1h30m: no name begins there. But 0xe-up is a
# difference: only a minus before a digit may belong to an exponent.
_TOKEN = re.compile(
    rf"""
      (?P<grouping> (?i: by | without | on | ignoring | group_left | group_right ) {_GAP.pattern}
                    \( (?: [A-Za-z0-9_:,\ \t\r\n] | {_COMMENT} | {_STRING} )* \) )
    | (?P<word> [A-Za-z_:][A-Za-z0-9_:]* )
    | (?P<number> \.?[0-9] (?: [eE][+-](?=[0-9]) | [0-9A-Za-z_.] )* )
    | (?P<string> {_STRING} )
    | (?P<braces> \{{ (?: [^{{}}"'`\#] | {_COMMENT} | {_STRING} )* \}} )
    | (?P<brackets> \[ (?: [^][{{}}"'`\#] | {_COMMENT} )* \] )
    | (?P<sign> == | != | <= | >= | [-+*/%^<>=,@()] )
    """,
    re.VERBOSE,
)
_MOST_CHARACTERS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Token:
    """A piece and the gap behind it. ``grouping`` is all of ``by (job)``, ``braces`` and ``brackets`` hold theirs."""

    kind: str
    text: str
    gap: str = ""


def tokens(expression: str) -> list[Token]:
    """All pieces; the first is the gap before them, empty or not."""
    at = _gap(expression, 0)
    found = [Token("gap", "", expression[:at])]
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise UsageError(
                f"{expression}\n"
                f"  cannot be asked in a view, because from character {at + 1} on it is not PromQL:"
                f" {expression[at : at + _MOST_CHARACTERS_SHOWN]}"
            )
        at = _gap(expression, match.end())
        found.append(Token(str(match.lastgroup), match[0], expression[match.end() : at]))
    return found


def is_empty(braces: str) -> bool:
    """Whether there is nothing between these, comments aside."""
    return _gap(braces, 1) == len(braces) - 1


def _gap(expression: str, at: int) -> int:
    """Where the spaces and comments that begin here end."""
    match = _GAP.match(expression, at)
    return match.end() if match else at


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
