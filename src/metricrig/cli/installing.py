"""Obtaining several tools, one after the other, with somebody watching."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import ToolUnavailable
from metricrig.cli.output import console
from metricrig.cli.progress import watching_tools
from metricrig.tools import obtain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig._core.errors import Refusal
    from metricrig.tools import Executable, Tool


@dataclass(frozen=True, slots=True)
class Result:
    """How it went with one tool."""

    tool: Tool
    executable: Executable | None
    seconds: float
    error: ToolUnavailable | None = None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Each source's reason, where none could deliver."""
        return self.error.refusals if self.error else ()

    @property
    def said(self) -> str:
        """In a line, or with the reasons."""
        if self.executable is None:
            return f"metricrig: {self.error}"
        found = self.executable
        return f"{found.tool} {found.version or 'of unknown version'}  {found.source}  {found.path}"


def install_all(wanted: Sequence[tuple[Tool, str | None]]) -> list[Result]:
    """Obtain each; one that cannot be had does not keep the others from being tried."""
    with watching_tools(console(stderr=True), [tool.name for tool, _ in wanted]):
        return [_install(tool, version) for tool, version in wanted]


def _install(tool: Tool, version: str | None) -> Result:
    began = time.monotonic()
    try:
        executable = obtain(tool, version)
    except ToolUnavailable as error:
        return Result(tool, None, time.monotonic() - began, error)
    return Result(tool, executable, time.monotonic() - began)
