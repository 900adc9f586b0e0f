"""The grammar of a sample's line, as two regular expressions, and quotes.

Every repetition is possessive: a hostile line is refused in linear time. What is there once or not at all need not
be, and must not be where it holds a group: Python before 3.11.4 loses such groups.
"""

from __future__ import annotations

import re

STRING = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*+"
_BLANK = r"[ \t]*+"
# A lone string is the name of the metric: {"my.name", a="b"}.
_TERM = rf"{_BLANK}(?:{_LABEL}{_BLANK}={_BLANK}{STRING}|{STRING}(?:{_BLANK}={_BLANK}{STRING})?+){_BLANK}"
_LABELS = rf"\{{(?:{_TERM}(?:,{_TERM})*+,?+)?+{_BLANK}\}}"

KEY = re.compile(rf"{_BLANK}({NAME})?(?:{_BLANK}({_LABELS})|(?=[ \t])|$)")
"""The series at the start of a line: its name and its braces."""

REST = re.compile(
    rf"{_BLANK}([^\s#]++)"
    rf"(?:[ \t]++([^\s#]++))?"
    rf"(?:[ \t]++#{_BLANK}({_LABELS}){_BLANK}([^\s#]++)(?:[ \t]++([^\s#]++))?)?[ \t\r]*+"
)
"""What follows: value, timestamp, and an exemplar's labels, value and timestamp."""

ANY_TERM = re.compile(rf"({_LABEL}|{STRING})(?:{_BLANK}(=){_BLANK}({STRING}))?")
"""A name, and, if there is one, its value in quotes."""

META = re.compile(rf"{_BLANK}#[ \t]++(HELP|TYPE|UNIT)[ \t]++({NAME}|{STRING})(?:[ \t]++(.*))?", re.DOTALL)

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANING = {"n": "\n", "\\": "\\", '"': '"'}


def unescaped(text: str) -> str:
    r"""Without backslashes. One before anything but ``\``, ``"`` and ``n`` means itself."""
    return _ESCAPE.sub(lambda match: _MEANING.get(match[1], match[0]), text) if "\\" in text else text


def unquoted(text: str) -> str:
    """A name as it is meant, whether it stands in quotes or not."""
    return unescaped(text[1:-1]) if text.startswith('"') else text
