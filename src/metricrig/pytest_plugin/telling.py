"""What a failed test's report says of each server that the test used."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig.lifecycle.state import CLOSED
from metricrig.metrics.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metricrig.instance import Instance
    from metricrig.pytest_plugin.usage import Before, Usage

_LINES = 40
_PATIENCE = 1.0


def sections(usage: Usage) -> list[tuple[str, str]]:
    """A title and a text for each: as it is now, or as it was when its rig was closed."""
    open_ones = [each for each in usage.instances() if each.state != CLOSED]
    return [*usage.closed, *(section(each, usage.before.get(each)) for each in open_ones)]


def section(instance: Instance, before: Before | None) -> tuple[str, str]:
    """The title and the text for one, whose files must still be there."""
    return f"metricrig: {instance.name}", _about(instance, before)


def _about(instance: Instance, before: Before | None) -> str:
    log = instance.logs.since(before.log) if before else instance.logs.text()
    lines = [
        _state(instance),
        *_titled("start the same by hand", [_by_hand(instance)] if instance.command else []),
        *_titled("changed during this test", list(_changes(instance, before))),
        *_titled("its log during this test", _shortened(log.splitlines())),
    ]
    return "\n".join(lines)


def _state(instance: Instance) -> str:
    if instance.lost:
        return str(instance.death("during this test")).splitlines()[0]
    return repr(instance)


def _by_hand(instance: Instance) -> str:
    """A line for a shell: what is added to the environment, and the command."""
    added = [f"{name}={value}" for name, value in _added(instance).items()]
    return shlex.join([*(["env", *added] if added else []), *instance.command])


def _added(instance: Instance) -> Mapping[str, str]:
    return {name: value for name, value in instance.environment.items() if os.environ.get(name) != value}


def _changes(instance: Instance, before: Before | None) -> Iterator[str]:
    page = before.page() if before is not None and instance.state == "ready" else None
    if page is None:
        return
    try:
        change = (Snapshot(instance.metrics.page(_PATIENCE)) - Snapshot(page)).only(_tells)
    except (MetricrigError, OSError) as error:
        yield f"its metrics could not be read: {str(error).splitlines()[0]}"
        return
    yield from repr(change).splitlines() if change else ["nothing"]


def _tells(name: str) -> bool:
    """Whether a change says something about the test: a language's memory always changes, buckets have their count."""
    return not name.startswith(("go_", "process_", "promhttp_")) and not name.endswith("_bucket")


def _titled(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _LINES:
        return lines or ["nothing"]
    return [f"… {len(lines) - _LINES} lines before", *lines[-_LINES:]]


def properties(usage: Usage) -> list[tuple[str, str]]:
    """For JUnit's XML: which servers a test ran against."""
    return [(f"metricrig.{each.name}", each.version or "unknown version") for each in usage.instances()]
