"""``metricrig fault``: what is done, and can be done, to the links and services of a rig that is up."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from metricrig.cli.completion import fault_names, rig_names, victim_names
from metricrig.cli.options import debug_option, examples, json_option
from metricrig.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from metricrig.cli.foreign_faults import ForeignFaults
    from metricrig.janitor.found_rigs import FoundRig

_DURATIONS = {"latency", "jitter", "slow_close", "seconds"}
_NUMBERS = {"bytes", "rate", "one_in", "seed"}
_SHARES = {"share"}
_WORDS = {"direction"}


@click.group()
@debug_option
def fault() -> None:
    """Break something in a rig that is up, whoever has started it, and mend it.

    A link can be: cut, refuse, stall, half-open, slow, limit, reset-after, split, corrupt. A service can be: paused.
    Each is proven to be in force, and to be over, before the command returns. Whatever is in force ends with the rig.
    """


@fault.command(
    "list",
    short_help="Show what is in force, and what can be done.",
    epilog=examples("metricrig fault list", "metricrig fault list shop", "metricrig fault list shop --json"),
)
@click.argument("rig", required=False, shell_complete=rig_names)
@json_option
@debug_option
def list_faults(*, rig: str | None, as_json: bool) -> bool:
    """Show the links and services of live rigs (of all, or of RIG), what is done to them, and what can be.

    Exits with 1 if there is no such rig.
    """
    rows: list[dict[str, Any]] = []
    rigs = _live(rig)
    for each in rigs:
        with _faults_of(each) as faults:
            known = faults.victims.items()
            rows += [{"rig": each.rig, "victim": v, "in_force": faults.in_force(v), "can": can} for v, can in known]
    if as_json:
        from metricrig.cli.output import print_json

        print_json({"victims": rows})
    elif rigs:
        _print_victims(rows)
    return bool(rigs) or rig is None


@fault.command(
    short_help="Do something to a link or a service.",
    epilog=examples(
        "metricrig fault on shop redis paused",
        "metricrig fault on shop redis-link cut",
        "metricrig fault on shop redis-link slow latency=50ms jitter=10ms direction=up",
        "metricrig fault on shop redis-link limit bytes=1000 share=0.3",
    ),
)
@click.argument("rig", shell_complete=rig_names)
@click.argument("victim", shell_complete=victim_names)
@click.argument("name", metavar="FAULT", shell_complete=fault_names)
@click.argument("settings", metavar="[SETTING=VALUE]...", nargs=-1)
@json_option
@debug_option
def on(*, rig: str, victim: str, name: str, settings: tuple[str, ...], as_json: bool) -> bool:
    """Do FAULT to VICTIM, a link or a service of RIG, until ``metricrig fault off`` or the rig's end.

    Settings are those of the methods of a link: latency, jitter, rate, slow_close, bytes, seconds, one_in, direction,
    share, seed. A service has to be a process of this machine; paused here, it is "ready" to the process that owns the
    rig. Exits with 1 if there is no such rig, or if it could not be done.
    """
    given = dict(map(_setting, settings))
    found = _one(rig)
    if found is None:
        return False
    with _faults_of(found) as faults:
        evidence = faults.begin(victim, name, given)
    _tell(found, victim, [(name, evidence)], as_json=as_json, in_force=True)
    return True


@fault.command(
    short_help="End what was done to a link or a service.",
    epilog=examples("metricrig fault off shop redis", "metricrig fault off shop redis-link slow"),
)
@click.argument("rig", shell_complete=rig_names)
@click.argument("victim", shell_complete=victim_names)
@click.argument("name", metavar="[FAULT]", required=False, shell_complete=fault_names)
@json_option
@debug_option
def off(*, rig: str, victim: str, name: str | None, as_json: bool) -> bool:
    """End FAULT of VICTIM in RIG, or all that ``metricrig fault on`` has done to it. Ending twice is fine.

    What the process that owns the rig has done to a link is its own to end. Exits with 1 if there is no such rig.
    """
    found = _one(rig)
    if found is None:
        return False
    with _faults_of(found) as faults:
        ended = faults.end(victim, name)
    _tell(found, victim, ended, as_json=as_json, in_force=False)
    return True


def _setting(text: str) -> tuple[str, Any]:
    """``latency=50ms`` as an argument of a link's method."""
    from metricrig._core.errors import UsageError
    from metricrig.metrics.times import duration

    name, _, value = text.partition("=")
    name = name.replace("-", "_")
    readers: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(_DURATIONS, duration),
        **dict.fromkeys(_NUMBERS, int),
        **dict.fromkeys(_SHARES, float),
        **dict.fromkeys(_WORDS, str),
    }
    if name not in readers:
        raise UsageError(f"no setting is called {name!r}; there is: {', '.join(sorted(readers))}")
    try:
        return name, readers[name](value)
    except ValueError:
        raise UsageError(f"{text!r} is no number\n  what works: {name}=100") from None


def _live(name: str | None) -> list[FoundRig]:
    from metricrig.cli.logs_command import live_rigs

    return live_rigs(name)


def _one(name: str) -> FoundRig | None:
    """The rig of this name or id, if there is one alone."""
    rigs = _live(name)
    if len(rigs) > 1:
        say(f"metricrig: several rigs are called {name!r}: {', '.join(each.rig for each in rigs)}", err=True)
    return rigs[0] if len(rigs) == 1 else None


@contextlib.contextmanager
def _faults_of(rig: FoundRig) -> Iterator[ForeignFaults]:
    from metricrig.cli.foreign_faults import ForeignFaults

    faults = ForeignFaults(rig)
    try:
        yield faults
    finally:
        faults.close()


def _tell(rig: FoundRig, victim: str, done: Sequence[tuple[str, str]], *, as_json: bool, in_force: bool) -> None:
    if as_json:
        from metricrig.cli.output import print_json

        faults = [{"fault": name, "evidence": evidence} for name, evidence in done]
        print_json({"rig": rig.rig, "victim": victim, "in_force": in_force, "faults": faults})
        return
    for name, evidence in done:
        say(f"{victim}: {name} {'is in force' if in_force else 'is over'}: {evidence}")
    if not done:
        say(f"{victim}: nothing to end")


def _print_victims(rows: Sequence[dict[str, Any]]) -> None:
    from metricrig.cli.output import console, literally
    from metricrig.cli.rows import Rows

    shown = Rows("rig", "victim", "in force", "can be", title="victim")
    for each in rows:
        now = ", ".join(each["in_force"])
        in_force = f"[red]{literally(now)}[/]" if now else "-"
        shown.add(literally(each["rig"]), literally(each["victim"]), in_force, ", ".join(each["can"]))
    shown.show(console())
