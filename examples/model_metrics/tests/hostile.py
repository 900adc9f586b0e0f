"""Names that people give to things, and that want to be more than names."""

from __future__ import annotations

from urllib.parse import quote

HOSTILE = [
    'm1", org="rival',  # a matcher more
    'm1"} or {org="rival',  # a selector more
    'm1"} or model_requests_total{org="rival"} or model_requests_total{model_version="m1',
    'x"}[30s])) or sum by (class) (increase(model_requests_total{org="rival"}[30s])) #',
    '"',
    '""',
    "'",
    "`",
    "\\",
    '\\"',
    '\\\\"} or {org="rival',  # an escaped backslash, then a quote
    "m1\n",
    'm1\n"} or {org="rival',
    "\r\n\t\x00\x7f",
    "{}[]()",
    ".*",
    ".+|m1",
    "m[0-9]+$",
    "$1 ${1} %s %(org)s {org}",
    "мóдель-模型-🤖",
    "m\u0301\u202e1",  # a combining accent, and what turns the direction of text
    "m1 ",
    "x" * 1000,
]


def ids(name: str) -> str:
    """A name that a terminal can show."""
    return quote(name, safe="", errors="backslashreplace")[:40]
