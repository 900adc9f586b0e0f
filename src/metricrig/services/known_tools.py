"""The tools of the catalogue's services, by name: for ``metricrig tools``, ``doctor`` and ``needs`` marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.services import CATALOGUE

if TYPE_CHECKING:
    from metricrig.tools import Tool

_DRIVER = "vegeta"
"""What drives ``load.http``. No service needs it, so it is known by its name and not among all tools."""


def tool_names() -> list[str]:
    """All names, in the catalogue's order; nothing is imported for them."""
    return [each.tool for each in CATALOGUE if each.tool]


def all_tools() -> list[Tool]:
    """All of them."""
    return [each.load_tool() for each in CATALOGUE if each.tool]


def look_up(name: str) -> Tool:
    """The tool of that name."""
    for each in CATALOGUE:
        if each.tool == name:
            return each.load_tool()
    if name == _DRIVER:
        from metricrig.load.requests.vegeta_tool import VEGETA  # noqa: PLC0415 - who asks for it has time

        return VEGETA
    from difflib import get_close_matches  # noqa: PLC0415 - only for the error

    near = get_close_matches(name, tool_names())
    guess = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(tool_names())}"
    raise UsageError(f"there is no tool {name!r} in the catalogue: {guess}")


def is_of_catalogue(tool: Tool) -> bool:
    """Whether it is one of ours: that it cannot be had is no mistake of whoever asks for it."""
    return any(each.tool == tool.name and each.load_tool() == tool for each in CATALOGUE if each.tool)
