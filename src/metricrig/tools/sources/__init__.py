"""Where executables come from: one small class a source, behind one small protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.tools.requests import Request
    from metricrig.tools.tool import Executable


class Source(Protocol):
    """Delivers an executable, or raises ``CannotDeliver`` with its reason."""

    @property
    def name(self) -> str:
        """As in ``METRICRIG_SOURCES``."""

    @property
    def downloads(self) -> bool:
        """Whether it needs the network, and therefore stays quiet when offline."""

    def plan(self, request: Request) -> str:
        """Say what it would deliver or do, here and now, without downloading anything."""

    def deliver(self, request: Request) -> Executable:
        """Deliver an executable that satisfies the request."""


def sources(names: Sequence[str]) -> list[Source]:
    """The sources of these names, in that order. They are imported when the first tool is asked for."""
    from metricrig.tools.sources import (  # noqa: PLC0415 - a run that starts no server does not pay for them
        cached,
        debian,
        explicit,
        golang,
        on_path,
        release,
        wheel,
    )

    every: list[Source] = [
        explicit.Explicit(),
        cached.Cached(),
        on_path.OnPath(),
        release.FromRelease(),
        wheel.FromWheel(),
        debian.FromDebian(),
        golang.FromGo(),
    ]
    by_name = {source.name: source for source in every}
    return [by_name[name] for name in names]
