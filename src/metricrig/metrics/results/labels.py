"""Label sets: written, compared, and used as keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Labels = Mapping[str, str]
    Identity = tuple[tuple[str, str], ...]
    Key = str | tuple[str, ...]

NAME = "__name__"


def identity(labels: Labels) -> Identity:
    """What two equal label sets share: an empty value is no label."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def key(labels: Labels, names: tuple[str, ...]) -> Key:
    """The value of one label, or of several as a tuple; a label that is not there is empty, as in PromQL."""
    if len(names) == 1:
        return labels.get(names[0], "")
    return tuple(labels.get(name, "") for name in names)


def distinguishing(several: Iterable[Labels]) -> tuple[str, ...]:
    """The labels by which a plain dict names these: all of them but the metric's name, in order."""
    return tuple(sorted({name for labels in several for name in labels if name != NAME}))


def written(labels: Labels) -> str:
    """``up{job="shop"}``, as in PromQL."""
    pairs = ", ".join(f"{name}={quoted(value)}" for name, value in sorted(labels.items()) if name != NAME)
    name = labels.get(NAME, "")
    return f"{name}{{{pairs}}}" if pairs or not name else name


def quoted(value: str) -> str:
    """A string of PromQL."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
