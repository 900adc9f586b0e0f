"""Fixtures whose server has died are made anew, and with them all that was made with their help."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from metricrig.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.rig import Rig


def dead(value: Instance | Rig) -> Instance | None:
    """What of it has died, if anything has."""
    instances = [value] if isinstance(value, Instance) else value
    return next((each for each in instances if each.lost), None)


def finish(definition: Any, item: Any) -> None:
    """End a fixture now, as pytest does when a parameter changes: whoever needs it has it set up again."""
    # What was made with its help may not end well: its server is dead.
    with contextlib.suppress(Exception, pytest.fail.Exception):
        definition.finish(item._request)  # noqa: SLF001 - what pytest hands to it itself


def used_by(item: pytest.Item) -> Iterator[Any]:
    """The definitions of the test's fixtures: of those with the same name, what is asked for."""
    information = getattr(item, "_fixtureinfo", None)
    definitions = getattr(information, "name2fixturedefs", {})
    for name in getattr(item, "fixturenames", ()):
        for definition in reversed(definitions.get(name, ())):
            yield definition
            if name not in definition.argnames:  # it does not ask for the one that it overrides
                break
