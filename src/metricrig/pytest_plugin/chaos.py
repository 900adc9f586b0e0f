"""Chance under pytest: each test has a seed of its own, and a failure says how to have its storms again."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from metricrig._core.printable import printable
from metricrig.faults.storms.chaos_seed import take_from

if TYPE_CHECKING:
    import pytest

    from metricrig._core.events import StormBegan
    from metricrig.pytest_plugin.session import Session


def mixed(*parts: object) -> int:
    """A seed from others and names: the same in every process and version, and as short as people can type."""
    return zlib.crc32("\n".join(map(str, parts)).encode("utf-8", "surrogatepass"))


class Chaos:
    """Hands out seeds, and remembers the storms of the test that runs."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        given = session.settings.chaos_seed
        self.seed = mixed(session.worker_place.run) if given is None else given
        """The session's, which all workers of a parallel run have."""
        self._session = session
        self._item: pytest.Item | None = None
        self._seeds: list[int] = []
        """Those that were given out to storms of this test."""
        self._storms: list[StormBegan] = []
        self._config = config
        self._gives = False

    def give_seeds(self) -> None:
        """Have storms that are given no seed take theirs from here, until the session ends."""
        if not self._gives:
            self._gives = True
            self._config.add_cleanup(take_from(self.next_seed))

    def seed_of(self, item: pytest.Item | None, number: int = 0) -> int:
        """The seed of a test; a ``number`` for each further storm of it."""
        self._note_use()
        return mixed(self.seed, item.nodeid if item else "", number)

    def next_seed(self) -> int:
        """The seed of the next storm of the test that runs."""
        self._begin()
        self._seeds.append(self.seed_of(self._item, len(self._seeds)))
        return self._seeds[-1]

    def began(self, storm: StormBegan) -> None:
        """The test that runs has one."""
        self._begin()
        self._storms.append(storm)

    def sections(self, item: pytest.Item) -> list[tuple[str, str]]:
        """What the report of a failed test says of its storms."""
        if self._item is not item or not self._storms:
            return []
        lines = [each.plan for each in self._storms]
        if any(each.seed in self._seeds for each in self._storms):  # else the test has chosen itself
            lines.append(f"again: pytest --rig-chaos-seed={self.seed} '{item.nodeid}'")
        return [("metricrig: storms of this test", printable("\n".join(lines)))]

    def _begin(self) -> None:
        """Another test has nothing to do with the storms of the one before."""
        if self._item is not self._session.item:
            self._item, self._seeds, self._storms = self._session.item, [], []

    def _note_use(self) -> None:
        if self.seed not in self._session.tally.chaos_seeds:
            self._session.tally.chaos_seeds.append(self.seed)
