"""Integration tests against real servers, asserted on metrics.

The names below are all that most tests need; the catalogue is ``metricrig.services``. They are loaded when first
used: the plugin, the janitor and ``import metricrig`` itself cost next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not typing's, which the janitor, a process that imports this too, can do without
if TYPE_CHECKING:
    from typing import Any

    from metricrig import events, load, ready
    from metricrig._core.errors import (
        CommandFailed,
        DeadlineExceeded,
        FunctionFailed,
        MetricrigError,
        PortTaken,
        ServiceDied,
        StartFailed,
        ToolUnavailable,
        Unavailable,
        UsageError,
    )
    from metricrig.instance import Instance
    from metricrig.metrics import Timeline, matches, metric, not_, not_matches, wait_for
    from metricrig.placement import Placement
    from metricrig.rig import Rig
    from metricrig.service import Fixed, Limits, Service
    from metricrig.tools import Image, Tool

_HOMES = {
    "events": "metricrig.events",
    "load": "metricrig.load",
    "ready": "metricrig.ready",
    "Fixed": "metricrig.service",
    "Image": "metricrig.tools",
    "Instance": "metricrig.instance",
    "Limits": "metricrig.service",
    "Timeline": "metricrig.metrics.timeline",
    "matches": "metricrig.metrics.conditions.matchers",
    "metric": "metricrig.metrics.conditions.selection",
    "not_": "metricrig.metrics.conditions.matchers",
    "not_matches": "metricrig.metrics.conditions.matchers",
    "wait_for": "metricrig.metrics.waits.wait",
    "Placement": "metricrig.placement",
    "Rig": "metricrig.rig",
    "Service": "metricrig.service",
    "Tool": "metricrig.tools",
}
_ERRORS = "metricrig._core.errors"

__version__ = "0.1.0"
__all__ = [
    "CommandFailed",
    "DeadlineExceeded",
    "Fixed",
    "FunctionFailed",
    "Image",
    "Instance",
    "Limits",
    "MetricrigError",
    "Placement",
    "PortTaken",
    "Rig",
    "Service",
    "ServiceDied",
    "StartFailed",
    "Timeline",
    "Tool",
    "ToolUnavailable",
    "Unavailable",
    "UsageError",
    "events",
    "load",
    "matches",
    "metric",
    "not_",
    "not_matches",
    "ready",
    "wait_for",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - the janitor needs no name of these

    home = importlib.import_module(_HOMES.get(name, _ERRORS))
    value = home if home.__name__ == f"{__name__}.{name}" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
