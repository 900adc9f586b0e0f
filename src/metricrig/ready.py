"""Readiness: questions that a starting service answers with "ready", or with why not.

Every probe is one question, asked again until the answer is "ready", the deadline passes or the process dies.
Any function of the instance is a probe too: it is ready when the function returns something true.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from metricrig.probes import AllOf, AnyOf, Command, Http, Log, MetricHolds, MetricPresent, Reply, Tcp, as_probe

if TYPE_CHECKING:
    from collections.abc import Collection

    from metricrig.metrics.condition import Condition
    from metricrig.probes import Probe, Readiness


def tcp(port: str | None = None) -> Probe:
    """Ready when the port (the first unless named) accepts connections."""
    return Tcp(port)


def http(path: str = "/", *, port: str | None = None, status: int | Collection[int] = range(200, 300)) -> Probe:
    """Ready when a GET is answered with one of these statuses."""
    return Http(path, port, (status,) if isinstance(status, int) else status)


def reply(question: bytes, *answers: bytes, port: str | None = None) -> Probe:
    """Ready when the port answers these bytes with something that begins with one of the answers."""
    return Reply(question, answers, port)


def log(pattern: str) -> Probe:
    """Ready when a line of the output, since this start, matches the regular expression."""
    re.compile(pattern)
    return Log(pattern)


def command(*words: str) -> Probe:
    """Ready when a command exits with 0; it may use the service's placeholders."""
    return Command(words)


def metric(what: str | Condition, *, path: str = "/metrics", port: str | None = None) -> Probe:
    """Ready when the metrics page has a sample of this name.

    Or when a condition holds on the service's own page: ``ready.metric(metric("queue_depth") == 0)``.
    """
    return MetricPresent(what, path, port) if isinstance(what, str) else MetricHolds(what)


def all_of(*probes: Readiness) -> Probe:
    """Ready when all of them are."""
    return AllOf(tuple(map(as_probe, probes)))


def any_of(*probes: Readiness) -> Probe:
    """Ready when one of them is."""
    return AnyOf(tuple(map(as_probe, probes)))
