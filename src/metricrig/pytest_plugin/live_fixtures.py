"""Live fixtures: the servers and rigs that fixtures have made. A test that asks for one gets it ready, and uses it."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from metricrig.pytest_plugin.options import FAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from metricrig.instance import Instance
    from metricrig.pytest_plugin.session import Session
    from metricrig.rig import Rig

R = TypeVar("R", "Instance", "Rig")


class LiveValue(NamedTuple):
    """A server that is a fixture's value, or a rig that it has opened; ``mend`` makes it ready again."""

    value: Instance | Rig
    mend: Callable[[], None] | None = None

    def covers(self, rig: str, service: str) -> bool:
        """Whether this server is it, or belongs to it."""
        own = (self.value.rig, self.value.name) if hasattr(self.value, "rig") else (self.value.id, service)
        return own == (rig, service)


class LiveFixtures:
    """All live fixtures, ours and the user's own, by pytest's definition of each."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[Any, list[LiveValue]] = {}
        self._watched: set[Any] = set()

    def __bool__(self) -> bool:
        """Whether any has made something."""
        return bool(self._made)

    def opened(self, rig: Rig) -> bool:
        """A rig was opened. Whether it was a fixture that did it."""
        setting_up = self._session.setting_up
        if setting_up:
            self._note(setting_up[-1], LiveValue(rig))
        return bool(setting_up)

    def closed(self, rig: str) -> None:
        """A rig is gone."""
        for definition, made in list(self._made.items()):
            for each in made:
                if getattr(each.value, "id", "") == rig:
                    self._forget(definition, each)

    @contextlib.contextmanager
    def holding(self, value: R, mend: Callable[[], None] | None) -> Iterator[R]:
        """The fixture that is being set up has this value until it ends."""
        definition, made = self._session.setting_up[-1], LiveValue(value, mend)
        self._note(definition, made)
        try:
            yield value
        finally:
            self._forget(definition, made)

    def have(self, rig: str, service: str) -> bool:
        """Whether a fixture that lives now has made this server."""
        return any(each.covers(rig, service) for made in self._made.values() for each in made)

    def renew(self, item: pytest.Item) -> None:
        """Have pytest make anew what has died, unless --rig-on-death=fail."""
        if not self._made or self._session.settings.on_death == FAIL:
            return
        from metricrig.pytest_plugin.dead_fixtures import dead, finish  # noqa: PLC0415 - see the module

        for definition, made in list(self._made.items()):
            if any(dead(each.value) for each in made):
                finish(definition, item)
                self._made.pop(definition, None)  # what its end has not closed is nobody's any more

    def _note(self, definition: Any, made: LiveValue) -> None:
        """From now on be told whenever a test asks for this fixture; the test that runs is the first to use it."""
        self._made.setdefault(definition, []).append(made)
        if definition not in self._watched:
            self._watched.add(definition)
            definition.execute = partial(self._execute, definition, definition.execute)
        self._session.using(made.value)

    def _forget(self, definition: Any, made: LiveValue) -> None:
        left = [each for each in self._made.pop(definition, ()) if each is not made]
        if left:
            self._made[definition] = left

    def _execute(self, definition: Any, execute: Callable[[Any], Any], request: Any) -> Any:
        """In place of the definition's own ``execute``: mend what was made before, and note that this test uses it."""
        for made in self._made.get(definition, ()):
            self._mend(made)
        value = execute(request)
        for made in self._made.get(definition, ()):
            self._session.using(made.value)
        return value

    def _mend(self, made: LiveValue) -> None:
        """Make it ready again, unless this test uses it already, or it has died and is not to be replaced."""
        from metricrig.pytest_plugin.dead_fixtures import dead  # noqa: PLC0415 - see the module

        if self._session.servers_used is not None and self._session.servers_used.uses(made.value):
            return
        lost = dead(made.value)
        if lost is not None and self._session.settings.on_death == FAIL:
            raise lost.death("before this test, which gets no other because of --rig-on-death=fail")
        if made.mend is not None:
            made.mend()
