"""Fixtures whose server has died: they are ended, with all that depend on them, so that pytest makes them anew."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from metricrig.instance import Instance

if TYPE_CHECKING:
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
