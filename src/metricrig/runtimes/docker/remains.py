"""Rigs of which an engine still has something, although they are nobody's: also when their directory is long gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metricrig.janitor.found_rigs import LOST, ORPHANED, REAPABLE, FoundRig, read
from metricrig.runtimes import user_directory
from metricrig.runtimes.docker.labels import DIRECTORY, RIG, is_lost, is_orphaned, made_at, owner_of
from metricrig.runtimes.docker.removal import removal
from metricrig.service_fields import NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from metricrig.runtimes.docker.engine.connection import ContainerEngine

_NONE = Path("/nonexistent")


def remains(engine: ContainerEngine, known: Collection[str]) -> list[FoundRig]:
    """Those that are not known from their directories."""
    found = {each[RIG]: each for each in _labels(engine) if each[RIG] not in known and NAME.fullmatch(each[RIG])}
    states = {
        rig: LOST if is_lost(each) else ORPHANED for rig, each in found.items() if is_lost(each) or is_orphaned(each)
    }
    return [
        FoundRig(
            rig=rig,
            directory=_directory(rig, found[rig]),
            state=state,
            owner=owner_of(found[rig]),
            services=(),
            made=made_at(found[rig]),
            errand=removal(engine.candidate, rig),
        )
        for rig, state in states.items()
    ]


def _directory(rig: str, labels: Mapping[str, str]) -> Path:
    """Its directory, if it has one that is nobody's: others may have written these labels."""
    said = Path(labels.get(DIRECTORY, ""))
    if (said.parent.name, said.name) == (user_directory.name(), rig):
        try:
            return said if read(said).state in REAPABLE else _NONE
        except FileNotFoundError:
            return said
    return _NONE


def _labels(engine: ContainerEngine) -> Iterator[dict[str, str]]:
    wanted = {"label": RIG}
    for each in [*engine.client.containers(all=True, filters=wanted), *engine.client.networks(filters=wanted)]:
        yield each["Labels"]
