"""Text from others, made safe to show: nothing in it can command a terminal, or pretend to be something else."""

from __future__ import annotations

import re

# The control characters but for tab and newline, what turns the direction of writing, what breaks a line where a
# terminal sees none, the mark of byte order, and halves of characters: a name of a file may be any bytes.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""The same with each such character written as one writes it in Python: a backslash, ``x1b``."""
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))
