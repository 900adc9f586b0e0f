"""The order in which services start and stop: pure functions on names."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


def sorter(needs: Mapping[str, Collection[str]]) -> TopologicalSorter[str]:
    """What hands out names whose needs are done; refuses unknown names and circles, naming them."""
    for name, needed in needs.items():
        for each in needed:
            if each not in needs:
                raise UsageError(f"{name} needs {each!r}, which is not in the rig{did_you_mean(each, needs)}")
    graph = TopologicalSorter(needs)
    try:
        graph.prepare()
    except CycleError as error:
        raise UsageError(f"services need each other in a circle: {' -> '.join(reversed(error.args[1]))}") from None
    return graph


def stop_waves(needs: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Groups of names in the order in which they are stopped: who needs others goes before them."""
    graph = sorter(needs)
    waves: list[list[str]] = []
    while graph.is_active():
        wave = list(graph.get_ready())
        graph.done(*wave)
        waves.append(wave)
    return waves[::-1]


def with_needs(wanted: Iterable[str], needs: Mapping[str, Collection[str]]) -> set[str]:
    """The names, and everything that they need, directly or not."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(needs.get(name, ()))
    return found


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known."""
    import difflib  # noqa: PLC0415 - only for those who mistype

    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; it has: {', '.join(known) or 'nothing yet'}"


def among(needs: dict[str, tuple[str, ...]], names: Collection[str]) -> dict[str, list[str]]:
    """The part of the graph among these names; a need that was never added cannot be stopped."""
    return {name: [need for need in needed if need in names] for name, needed in needs.items() if name in names}
