"""The cleanup of rigs: what may be removed and what may not, decided on data, and the removal."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import Unavailable
from metricrig.janitor import found_rigs, launcher, rig_directory
from metricrig.janitor.client import Janitor
from metricrig.runtimes import data_root

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from metricrig.janitor.found_rigs import FoundRig

REMOVED, WOULD_REMOVE, LEFT, REFUSED, FAILED = "removed", "would remove", "left alone", "refused", "failed"
_WITHOUT_ENGINE = "try again when that engine runs; if it is gone for good: metricrig clean --forget-containers"
_BLOCK = 512  # what st_blocks counts, whatever the file system's own block is


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a rig; ``told`` if a line is printed about it."""

    rig: FoundRig
    what: str
    said: str
    killed: tuple[int, ...] = ()

    @property
    def fine(self) -> bool:
        """Whether nothing is left that should have gone."""
        return self.what in {REMOVED, WOULD_REMOVE, LEFT}

    @property
    def told(self) -> bool:
        """Rigs that belong to somebody are not mentioned, unless they were named."""
        return self.what != LEFT or self.rig.state == found_rigs.FOREIGN

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "rig": self.rig.rig,
            "state": self.rig.state,
            "directory": str(self.rig.directory),
            "what": self.what,
            "said": self.said,
            "killed": list(self.killed),
        }


def found(words: Sequence[str] = ()) -> list[FoundRig]:
    """The rigs of this user; with words, those whose id or name is one of them."""
    rigs = found_rigs.find(dict.fromkeys(data_root.roots()))
    rigs += _in_engine({each.rig for each in rigs})
    return [each for each in rigs if not words or {each.rig, each.rig.rpartition("-")[0]} & set(words)]


def _in_engine(known: Collection[str]) -> list[FoundRig]:
    """Nobody's rigs of which only containers are left, in an engine of this machine; none if there is no engine."""
    from metricrig.runtimes.runtime_names import require_client

    with contextlib.suppress(Unavailable):
        require_client()
        from metricrig.runtimes.docker.engine.connection import engine
        from metricrig.runtimes.docker.remains import remains

        return remains(engine(), known)
    return []


def refusal(rig: FoundRig, *, kept: bool, reused: bool) -> str | None:
    """Why a rig is not removed; None if it may be."""
    owner = f"pid {rig.owner.pid}" if rig.owner else "somebody who is just making it"
    reasons = {
        found_rigs.LIVE: f"it is live: {owner} owns it and removes it when it ends",
        found_rigs.CLEANING: "its janitor is removing it just now",
        found_rigs.ELSEWHERE: "it belongs to another container: only there its processes can be told apart",
        found_rigs.REUSABLE: None if reused else "it waits for the next test run; --reused ends it",
        found_rigs.KEPT: None if kept else "it was kept on purpose; --kept removes it",
    }
    return reasons.get(rig.state)


def clean_up(
    rig: FoundRig, *, kept: bool, reused: bool, dry_run: bool, named: bool, forget_containers: bool = False
) -> Fate:
    """Remove a rig, unless it is somebody's."""
    if rig.state == found_rigs.FOREIGN:  # nothing of ours is left, and somebody else may put such a thing there
        return Fate(rig, LEFT, f"not touched: {rig.trouble}")
    if rig.state == found_rigs.DAMAGED:
        return _clean_damaged(rig, dry_run=dry_run, named=named)
    why = refusal(rig, kept=kept, reused=reused)
    if why is not None:
        return Fate(rig, REFUSED if named else LEFT, f"left alone: {why}")
    if dry_run:
        alive = [str(each.process.pid) for each in rig.services if each.process and each.alive]
        also = f" after ending {', '.join(alive)}" if alive and rig.state != found_rigs.LOST else ""
        return Fate(rig, WOULD_REMOVE, f"{rig.state}: would remove {rig.directory}{also}")
    if rig.state == found_rigs.KEPT:
        return _remove_kept(rig)
    return _dismiss(rig) if rig.state == found_rigs.REUSABLE else _reap(rig, forget_containers=forget_containers)


def _clean_damaged(rig: FoundRig, *, dry_run: bool, named: bool) -> Fate:
    """Nobody knows whose it is: it is removed if it was named and nothing of it runs."""
    running = ", ".join(str(each.pid) for each in found_rigs.survivors(rig))
    if running:
        return Fate(rig, FAILED, f"left alone: {rig.trouble}; of it runs {running}")
    if not named:
        return Fate(rig, FAILED, f"left alone: {rig.trouble}; nothing of it runs: metricrig clean {rig.rig} removes it")
    if dry_run:
        return Fate(rig, WOULD_REMOVE, f"{rig.state}: would remove {rig.directory}")
    return _reap(rig)


def _reap(rig: FoundRig, *, forget_containers: bool = False) -> Fate:
    reaped = found_rigs.reap(rig, forget_containers=forget_containers)
    left = [each.name for each in rig.services if each.alive and rig.state != found_rigs.LOST]
    why = reaped.failure or (f"{', '.join(left)} did not die of SIGKILL" if left else None)
    if why is not None:
        remedy = f"\n  {_WITHOUT_ENGINE} {rig.rig}" if reaped.engine_failure and not forget_containers else ""
        return Fate(rig, FAILED, f"could not remove {rig.directory}: {why}{remedy}", reaped.killed)
    also = f", ended {', '.join(map(str, reaped.killed))}" if reaped.killed else ""
    also += f"; forgot its containers, if there still are any: {reaped.engine_failure}" if reaped.engine_failure else ""
    return Fate(rig, REMOVED, f"{rig.state}: removed {rig.directory}{also}", reaped.killed)


def _remove_kept(rig: FoundRig) -> Fate:
    """Only files: whoever reads or writes them now is not a service of ours."""
    why = rig_directory.remove(str(rig.directory))
    if why is not None:
        return Fate(rig, FAILED, f"could not remove {rig.directory}: {why}")
    return Fate(rig, REMOVED, f"kept: removed {rig.directory}")


def _dismiss(rig: FoundRig) -> Fate:
    """Have its own janitor remove it."""
    Janitor(*launcher.shared(rig.directory, mode=0, owner=None, linger=0)).dismiss(keep=False)
    if rig.directory.exists():
        return Fate(rig, FAILED, f"could not remove {rig.directory}: its janitor has gone, and it is still there")
    ended = tuple(each.process.pid for each in rig.services if each.process)
    return Fate(rig, REMOVED, f"{rig.state}: removed {rig.directory}, ended {', '.join(map(str, ended))}", ended)


def age(rig: FoundRig) -> float:
    """Seconds since it was made, as far as its directory tells."""
    return max(0.0, time.time() - rig.made)


def size(rig: FoundRig) -> int:
    """Bytes that it takes; files that go meanwhile are not counted, and what is not ours is not looked into."""
    total = 0
    if rig.state == found_rigs.FOREIGN:
        return total
    with contextlib.suppress(OSError, RecursionError):
        for _, _, files, parent in os.fwalk(rig.directory):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.stat(name, dir_fd=parent, follow_symlinks=False).st_blocks * _BLOCK
    return total
