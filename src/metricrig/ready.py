"""Readiness: questions that a starting service answers with "ready", or with why not.

Every probe is one question, asked again until the answer is "ready", the deadline passes or the process dies.
Any function of the instance is a probe too: it is ready when the function returns something true.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from metricrig._core import arguments
from metricrig._core.arguments import require_condition, wrong
from metricrig._core.errors import UsageError
from metricrig.network_probes import Http, MetricHolds, MetricPresent, Reply, Tcp
from metricrig.probe import AllOf, AnyOf, Command, Log, as_probe

if TYPE_CHECKING:
    from os import PathLike

    from metricrig.metrics.conditions.condition import Condition
    from metricrig.probe import Probe, Readiness


def tcp(port: str | None = None) -> Probe:
    """Ready when the port (the first unless named) accepts connections."""
    return Tcp(_port("ready.tcp", port))


def http(path: str = "/", *, port: str | None = None, status: int | Collection[int] = range(200, 300)) -> Probe:
    """Ready when a GET is answered with one of these statuses."""
    return Http(_path("ready.http", path), _port("ready.http", port), _statuses(status))


def https(path: str = "/", *, port: str | None = None, status: int | Collection[int] = range(200, 300)) -> Probe:
    """The same by https. Whose certificates are trusted, if not those that the system knows: ``Service(trust=…)``."""
    return Http(_path("ready.https", path), _port("ready.https", port), _statuses(status), secure=True)


def reply(question: bytes, *answers: bytes, port: str | None = None) -> Probe:
    """Ready when the port answers these bytes with something that begins with one of the answers."""
    for each in (question, *answers):
        if not isinstance(each, bytes):
            raise wrong("ready.reply", "bytes", each, 'bytes: ready.reply(b"PING\\r\\n", b"+PONG")')
    if not answers:
        raise UsageError('ready.reply: no answer would do\n  what works: ready.reply(b"PING\\r\\n", b"+PONG")')
    return Reply(question, answers, _port("ready.reply", port))


def log(pattern: str) -> Probe:
    """Ready when a line of the output, since this start, matches the regular expression."""
    return Log(arguments.pattern("ready.log", pattern))


def command(*words: str | PathLike[str]) -> Probe:
    """Ready when a command exits with 0; it may use the service's placeholders."""
    if len(words) == 1 and isinstance(words[0], Sequence) and not isinstance(words[0], str):
        raise UsageError(f"ready.command({words[0]!r})\n  what works: its words: ready.command(*{words[0]!r})")
    return Command(tuple(arguments.command("ready.command", words, "words")))


def metric(what: str | Condition, *, path: str = "/metrics", port: str | None = None) -> Probe:
    """Ready when the metrics page has a sample of this name.

    Or when a condition holds on the service's own page: ``ready.metric(metric("queue_depth") == 0)``.
    """
    if isinstance(what, str):
        arguments.text("ready.metric", "path", path, 'path="/metrics"')
        return MetricPresent(what, path, _port("ready.metric", port))
    return MetricHolds(require_condition("ready.metric", what))


def all_of(*probes: Readiness) -> Probe:
    """Ready when all of them are."""
    return AllOf(_several("ready.all_of", probes))


def any_of(*probes: Readiness) -> Probe:
    """Ready when one of them is."""
    return AnyOf(_several("ready.any_of", probes))


def _several(who: str, probes: Sequence[Readiness]) -> tuple[Probe, ...]:
    if not probes:
        raise UsageError(f"{who}() of nothing\n  what works: {who}(ready.tcp(), ready.log('listening'))")
    return tuple(as_probe(each, who) for each in probes)


def _path(who: str, path: str) -> str:
    if not arguments.text(who, "path", path, f'{who}("/healthz")').startswith("/"):
        raise wrong(who, "path", path, f'a path: {who}("/{path.lstrip("/")}")')
    return path


def _port(who: str, port: str | None) -> str | None:
    if port is not None and not isinstance(port, str):
        raise wrong(who, "port", port, 'a port\'s name: port="http", of Service(..., ports={"http": 8000})')
    return port


def _statuses(status: Any) -> Collection[int]:
    several = (status,) if isinstance(status, int) else status
    if not isinstance(several, Collection) or not several or not all(type(each) is int for each in several):
        raise wrong("ready.http", "status", status, "status=204, status=[200, 404] or status=range(200, 500)")
    return several
