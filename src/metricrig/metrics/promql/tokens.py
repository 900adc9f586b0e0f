"""The pieces of a PromQL expression, cut as Prometheus's own lexer (promql/parser/lex.go) cuts them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from metricrig._core.errors import UsageError

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
_SHOWN = 40


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
                f" {expression[at : at + _SHOWN]}"
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
