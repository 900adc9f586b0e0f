"""The part of a failed test's report about the servers that the test used."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig._core.printable import printable
from metricrig.lifecycle.instance_state import CLOSED
from metricrig.metrics.scraping.snapshot import Snapshot
from metricrig.pytest_plugin.log_excerpt import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.instance import Instance
    from metricrig.pytest_plugin.server_usage import ServerBefore, ServersOfTest

_PAGE_TIMEOUT_SECONDS = 1.0
_CHANGES = 12
"""Changed series that are shown."""
_COMMAND = 240
"""Characters of a command that are shown."""
# A store's own series, which always change; a language's memory; buckets, which have their count.
_INTERNAL = ("go_", "process_", "promhttp_", "python_gc_", "prometheus_", "net_conntrack_", "vm_", "etcd_", "grpc_")
_BAD = re.compile(r"err|fail|reject|drop|ignor|invalid|out_of_(order|bounds)|duplicate|timeout|lost", re.IGNORECASE)


def sections(servers_used: ServersOfTest) -> list[tuple[str, str]]:
    """A title and a text for each: as it is now, or as it was when its rig was closed."""
    open_ones = [each for each in servers_used.instances() if each.state != CLOSED]
    now = [section(each, servers_used.before.get(each), full=servers_used.full) for each in open_ones]
    return [*servers_used.closed, *now]


def section(instance: Instance, before: ServerBefore | None, *, full: bool) -> tuple[str, str]:
    """The title and the text for one, whose files must still be there: what matters first, the rest folded."""
    lines = [
        _state(instance),
        *_titled("its log during this test", _log(instance, before, full=full)),
        *_titled("changed during this test", list(_changes(instance, before, full=full))),
        *_titled("start the same by hand", [_by_hand(instance, full=full)] if instance.command else []),
    ]
    return f"metricrig: {instance.name}", printable("\n".join(lines))


def _log(instance: Instance, before: ServerBefore | None, *, full: bool) -> list[str]:
    if instance.attached:
        return ["is its owner's to read: it was there before this session"]
    log = instance.logs.since(before.log) if before else instance.logs.text()
    return excerpt(log.splitlines(), full=full) or ["nothing"]


def without_repeats(told: list[tuple[str, str]], failure: str) -> list[tuple[str, str]]:
    """The same sections, without logs that the failure itself has shown."""
    return [(title, _without_log(text, failure)) for title, text in told]


def _without_log(text: str, failure: str) -> str:
    before, found, after = text.partition("\nits log during this test:\n")
    lines = after.splitlines()
    length = next((place for place, line in enumerate(lines) if not line.startswith("  ")), len(lines))
    log = [line.strip() for line in lines[:length]]
    if not found or log == ["nothing"] or not all(f"| {line}" in failure for line in log if not line.startswith("… ")):
        return text
    return "\n".join([f"{before}\nits log is shown above", *lines[length:]])


def _state(instance: Instance) -> str:
    if instance.lost:
        return str(instance.death("during this test")).splitlines()[0]
    return repr(instance)


def _by_hand(instance: Instance, *, full: bool) -> str:
    """A line for a shell: what is added to the environment, and the command."""
    added = [f"{name}={value}" for name, value in _added(instance).items()]
    line = shlex.join([*(["env", *added] if added else []), *instance.command])
    return line if full or len(line) <= _COMMAND else f"{line[:_COMMAND]} … ({len(line)} characters; -vv shows all)"


def _added(instance: Instance) -> Mapping[str, str]:
    return {name: value for name, value in instance.environment.items() if os.environ.get(name) != value}


def _changes(instance: Instance, before: ServerBefore | None, *, full: bool) -> list[str]:
    page = before.page() if before is not None and instance.state == "ready" else None
    if page is None:
        return []
    try:
        change = Snapshot(instance.metrics.page(_PAGE_TIMEOUT_SECONDS)) - Snapshot(page)
    except (MetricrigError, OSError) as error:
        return [f"its metrics could not be read: {str(error).splitlines()[0]}"]
    return folded(change.lines(), full=full)


def folded(changes: Sequence[str], *, full: bool) -> list[str]:
    """Changed series: those that speak of errors first, then all but the runtime's own, and a count of the rest."""
    bad = [each for each in changes if _BAD.search(_name(each))]
    others = [each for each in changes if each not in bad and _tells(_name(each))]
    shown = list(changes) if full else [*bad, *others][:_CHANGES]
    left = len(changes) - len(shown)
    return [*shown, *([f"… {left} more (-vv shows all)"] if left else [])] or ["nothing"]


def _tells(name: str) -> bool:
    """Whether a change says something about the test."""
    return not name.startswith(_INTERNAL) and not name.endswith("_bucket")


def _name(change: str) -> str:
    return change.lstrip("+-~ ").partition("{")[0].partition(" ")[0]


def _titled(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []


def properties(servers_used: ServersOfTest) -> list[tuple[str, str]]:
    """For JUnit's XML: which servers a test ran against."""
    return [(f"metricrig.{each.name}", each.version or "unknown version") for each in servers_used.instances()]
