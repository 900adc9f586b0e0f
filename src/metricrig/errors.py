"""All errors that metricrig raises on purpose. Each is a ``MetricrigError``, and is imported when it is first named."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect, SteadyStateUnknown, SteadyStateViolated
    from metricrig.janitor.errors import JanitorLost, JanitorUnresponsive
    from metricrig.load.errors import InvalidRun
    from metricrig.metrics.exposition.errors import BadPage, NotOneSample
    from metricrig.metrics.http.pool import Broken, Unreachable
    from metricrig.metrics.promql.answers import PartialAnswer, QueryFailed
    from metricrig.metrics.remote_write.sender import WriteRejected, WriteUncertain
    from metricrig.metrics.scraping.change import NoChange
    from metricrig.metrics.scraping.endpoint import ScrapeFailed
    from metricrig.metrics.store.errors import SamplesLost, Unkeepable
    from metricrig.metrics.waits.report import NotInTime
    from metricrig.relay.errors import RelayLost
    from metricrig.services.postgresql.errors import PostgreSQLError

_CORE = "metricrig._core.errors"
_HOMES = {
    "BadPage": "metricrig.metrics.exposition.errors",
    "Broken": "metricrig.metrics.http.pool",
    "FaultNotHealed": "metricrig.faults.errors",
    "FaultWithoutEffect": "metricrig.faults.errors",
    "InvalidRun": "metricrig.load.errors",
    "JanitorLost": "metricrig.janitor.errors",
    "JanitorUnresponsive": "metricrig.janitor.errors",
    "NoChange": "metricrig.metrics.scraping.change",
    "NotInTime": "metricrig.metrics.waits.report",
    "NotOneSample": "metricrig.metrics.exposition.errors",
    "PartialAnswer": "metricrig.metrics.promql.answers",
    "PostgreSQLError": "metricrig.services.postgresql.errors",
    "QueryFailed": "metricrig.metrics.promql.answers",
    "RelayLost": "metricrig.relay.errors",
    "SamplesLost": "metricrig.metrics.store.errors",
    "ScrapeFailed": "metricrig.metrics.scraping.endpoint",
    "SteadyStateUnknown": "metricrig.faults.errors",
    "SteadyStateViolated": "metricrig.faults.errors",
    "Unkeepable": "metricrig.metrics.store.errors",
    "Unreachable": "metricrig.metrics.http.pool",
    "WriteRejected": "metricrig.metrics.remote_write.sender",
    "WriteUncertain": "metricrig.metrics.remote_write.sender",
}

__all__ = [
    "BadPage",
    "Broken",
    "CommandFailed",
    "DeadlineExceeded",
    "FaultNotHealed",
    "FaultWithoutEffect",
    "FunctionFailed",
    "InvalidRun",
    "JanitorLost",
    "JanitorUnresponsive",
    "MetricrigError",
    "NoChange",
    "NotInTime",
    "NotOneSample",
    "PartialAnswer",
    "PortTaken",
    "PostgreSQLError",
    "QueryFailed",
    "RelayLost",
    "SamplesLost",
    "ScrapeFailed",
    "ServiceDied",
    "StartFailed",
    "SteadyStateUnknown",
    "SteadyStateViolated",
    "ToolUnavailable",
    "Unavailable",
    "Unkeepable",
    "Unreachable",
    "UsageError",
    "WriteRejected",
    "WriteUncertain",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, _CORE)), name)
