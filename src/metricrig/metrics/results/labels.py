"""Label sets: written, compared, used as keys, and what is chosen of a result by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Labels = Mapping[str, str]
    Identity = tuple[tuple[str, str], ...]
    Key = str | tuple[str, ...]

NAME = "__name__"


class Labelled(Protocol):
    """Whatever has labels: a series, a sample."""

    @property
    def labels(self) -> Labels:
        """Its label set."""


L = TypeVar("L", bound=Labelled)


def identity(labels: Labels) -> Identity:
    """What two equal label sets share: an empty value is no label."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def key(labels: Labels, names: tuple[str, ...]) -> Key:
    """The value of one label, or of several as a tuple; a label that is not there is empty, as in PromQL."""
    if len(names) == 1:
        return labels.get(names[0], "")
    return tuple(labels.get(name, "") for name in names)


def distinguishing(found: Iterable[Labelled]) -> tuple[str, ...]:
    """The labels by which a plain dict names these: all of them but the metric's name, in order."""
    return tuple(sorted({name for each in found for name in each.labels if name != NAME}))


def written(labels: Labels) -> str:
    """``up{job="shop"}``, as in PromQL."""
    pairs = ", ".join(f"{name}={quoted(value)}" for name, value in sorted(labels.items()) if name != NAME)
    name = labels.get(NAME, "")
    return f"{name}{{{pairs}}}" if pairs or not name else name


def quoted(value: str) -> str:
    """A string of PromQL."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def only(found: Sequence[L]) -> L:
    """The one that there is."""
    if len(found) == 1:
        return found[0]
    there = "".join(f"\n  {written(each.labels)}" for each in found) or " none"
    raise MetricrigError(f"expected exactly one series, and there are {len(found)}:{there}")


def keyed(found: Iterable[L], names: tuple[str, ...]) -> dict[Key, L]:
    """Each by its labels' values; two of the same key are an error, for one would hide the other."""
    keys: dict[Key, L] = {}
    for each in found:
        name = key(each.labels, names)
        if name in keys:
            both = f"{written(keys[name].labels)} and {written(each.labels)}"
            raise MetricrigError(
                f"by({', '.join(map(repr, names))}): {name!r} is both {both}\n"
                f"  what to do: name a label that tells them apart, or aggregate in the query"
            )
        keys[name] = each
    return keys


def values_of(name: str, found: Iterable[Labelled]) -> list[str]:
    """All values of a label, sorted."""
    return sorted({each.labels[name] for each in found if each.labels.get(name)})
