"""Placeholders in texts: ``{name}``, and ``{port[http]}``. Nothing else can be written between braces.

Not ``str.format``: that looks into objects, ``{port.__init__}``, and has conversions and formats besides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

NAMES = ("rig", "name", "host", "port", "dir", "shared", "secret", "tool", "version")
INDEXED = "port"
"""The one that has several of its kind."""

# A doubled brace, a placeholder without braces in it, or a brace that is neither.
_PARTS = re.compile(r"\{\{|\}\}|\{(?P<inside>[^{}]*)\}|(?P<single>[{}])")
_FIELD = re.compile(r"(?P<name>\w+)(?:\[(?P<index>[^\[\]]+)\])?")


def rendered(service: str, text: str, value: Callable[[str, str | None], str]) -> str:
    """The text with ``value(name, index)`` for each placeholder."""
    if "{" not in text and "}" not in text:  # most words of a command
        return text

    def part(found: re.Match[str]) -> str:
        if found["inside"] is None and found["single"] is None:
            return found[0][0]
        return value(*_field(service, text, found))

    return _PARTS.sub(part, text)


def check(service: str, text: str, ports: Collection[str] | None = None) -> None:
    """Refuse a text with a placeholder that nobody fills in, at the moment it is given."""
    for name, index in fields(service, text):
        if name != INDEXED or ports is None:
            continue
        if not ports:
            raise UsageError(
                f"{service}: {{{name}}} in {shortened(text)!r}, and it has no ports\n"
                f'  what works: Service(..., ports={{"http": 8000}}): the number is its usual one, it gets a free one'
            )
        if index is not None and index not in ports:
            raise UsageError(
                f"{service}: {{{name}[{index}]}} in {shortened(text)!r}, and no port is named {index!r}\n"
                f"  what works: {' or '.join(f'{{{name}[{each}]}}' for each in ports)}"
            )


def fields(service: str, text: str) -> Iterator[tuple[str, str | None]]:
    """Each placeholder's name, and its index if it has one."""
    for found in _PARTS.finditer(text):
        if found["inside"] is not None or found["single"] is not None:
            yield _field(service, text, found)


def _field(service: str, text: str, found: re.Match[str]) -> tuple[str, str | None]:
    if found["single"] is not None:
        raise _refused(service, text, f"a single {found[0]}")
    field = _FIELD.fullmatch(found["inside"])
    if field is None:
        raise _refused(service, text, f"{found[0]} is no placeholder")
    name, index = field["name"], field["index"]
    if name not in NAMES:
        raise _refused(service, text, f"unknown placeholder {{{name}}}")
    if index is not None and name != INDEXED:
        raise _refused(service, text, f"{{{name}}} has no index, and {found[0]} asks for one")
    return name, index


def _refused(service: str, text: str, why: str) -> UsageError:
    return UsageError(
        f"{service}: {why} in {shortened(text)!r}\n"
        f"  known: {', '.join(f'{{{each}}}' for each in NAMES)}, and {{port[name]}}: a name, for a port one index,"
        f" no attributes, conversions or formats\n"
        f"  a brace that is meant literally is doubled, {{{{ }}}}, or use a function of the placement"
    )


def shortened(text: str, limit: int = 100) -> str:
    """Its begin."""
    return text if len(text) <= limit else f"{text[:limit]}…"
