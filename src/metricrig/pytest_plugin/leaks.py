"""Leaks: rigs that a test has opened and nobody has closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.rig import open_rigs

if TYPE_CHECKING:
    from collections.abc import Collection


def close_leaked(ids: Collection[str], test: str) -> list[str]:
    """Close these rigs, which a test has opened and left; a sentence for each."""
    leaked = [each for each in open_rigs() if each.id in ids]
    for rig in leaked:
        rig.close()
    return [f"{test} left {rig.id} open; use it in a with block, or take the fixture rig" for rig in leaked]
