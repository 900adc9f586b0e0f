"""Rigs of which an engine still has something, although they are nobody's: also when their directory is long gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metricrig.janitor.registry import LOST, ORPHANED, FoundRig
from metricrig.runtimes.docker.labels import DIRECTORY, MADE, RIG, is_lost, is_orphaned, owner_of
from metricrig.runtimes.docker.removal import removal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from metricrig.runtimes.docker.engine.connection import Engine


def remains(engine: Engine, known: Collection[str]) -> list[FoundRig]:
    """Those that are not known from their directories."""
    found = {each[RIG]: each for each in _labels(engine) if each[RIG] not in known}
    states = {
        rig: LOST if is_lost(each) else ORPHANED for rig, each in found.items() if is_lost(each) or is_orphaned(each)
    }
    return [
        FoundRig(
            rig=rig,
            directory=Path(found[rig].get(DIRECTORY) or "/nonexistent"),
            state=state,
            owner=owner_of(found[rig]),
            services=(),
            made=float(found[rig].get(MADE) or 0),
            errand=tuple(removal(engine.candidate, rig)),
        )
        for rig, state in states.items()
    ]


def _labels(engine: Engine) -> Iterator[dict[str, str]]:
    wanted = {"label": RIG}
    for each in [*engine.client.containers(all=True, filters=wanted), *engine.client.networks(filters=wanted)]:
        yield each["Labels"]
