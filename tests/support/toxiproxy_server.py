"""The real Toxiproxy, to compare with: a tool that is built with Go, and the service that runs it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from metricrig import Service, ready
from metricrig.errors import ToolUnavailable
from metricrig.tools import GoModule, Tool, obtain

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

_MODULE = "github.com/Shopify/toxiproxy/v2"

TOXIPROXY = Tool(
    name="toxiproxy",
    executables=("toxiproxy-server",),
    supported=">=2.12",  # what the tests expect is what this one does
    preferred="2.12.0",
    version_args=("-version",),
    golang=GoModule(module=_MODULE, package=f"{_MODULE}/cmd/server", stamp=f"{_MODULE}.Version={{version}}"),
)
"""MIT licence; nothing of it is in this repository."""


def toxiproxy(*words: str) -> Service:
    """The server; ``words`` are added to its command."""
    return Service(
        name="toxiproxy",
        tool=TOXIPROXY,
        command=["{tool}", "-host", "{host}", "-port", "{port}", *words],
        ports={"api": 8474},
        env={"LOG_LEVEL": "error"},
        ready=ready.http("/version"),
    )


def build_for(items: Iterable[pytest.Item]) -> None:
    """Have it, if any of these tests compares with it: building takes longer than a test may."""
    if any({"toxiproxy_api", "real_url"} & set(getattr(item, "fixturenames", ())) for item in items):
        with contextlib.suppress(ToolUnavailable):  # which its fixture tells
            obtain(TOXIPROXY)
