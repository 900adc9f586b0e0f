"""The values of our fixtures that live now: whoever asks for one uses it, and gets it well."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from metricrig.pytest_plugin.settings import FAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from metricrig.instance import Instance
    from metricrig.pytest_plugin.session import Session
    from metricrig.rig import Rig

R = TypeVar("R", "Instance", "Rig")

MADE_BY = "_metricrig_key"
"""On a fixture's function: under which key its value is known here."""


class Made(NamedTuple):
    """The value of a fixture; ``mend`` has it well again."""

    value: Instance | Rig
    mend: Callable[[], None] | None = None


class Fixtures:
    """All of them, by the key of their function."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[object, Made] = {}
        self._definitions: dict[object, Any] = {}
        """What pytest knows of these fixtures."""

    def __bool__(self) -> bool:
        """Whether any lives."""
        return bool(self._made)

    def defined(self, definition: Any) -> None:
        """A fixture is set up. If it is one of ours, be told whenever a test asks for it from now on."""
        key = getattr(definition.func, MADE_BY, None)
        if key is not None and self._definitions.get(key) is not definition:
            self._definitions[key] = definition
            definition.execute = partial(self._execute, key, definition.execute)

    def _execute(self, key: object, execute: Callable[[Any], Any], request: Any) -> Any:
        """In place of pytest's own: what was made before is well, and used by this test too."""
        if (made := self._made.get(key)) is not None:
            self._mend(made)
        value = execute(request)
        if (made := self._made.get(key)) is not None:
            self._session.using(made.value)
        return value

    @contextlib.contextmanager
    def holding(self, key: object, value: R, mend: Callable[[], None] | None = None) -> Iterator[R]:
        """A fixture has this value; the running test is the first to use it."""
        self._made[key] = Made(value, mend)
        self._session.using(value)
        try:
            yield value
        finally:
            del self._made[key]

    def have(self, rig: str, service: str) -> bool:
        """Whether this server is the value of a fixture that lives now."""
        values = [each.value for each in self._made.values() if each.mend is not None]
        return any((each.rig, each.name) == (rig, service) for each in values if hasattr(each, "rig"))

    def renew(self, item: pytest.Item) -> None:
        """Have pytest make anew what has died, unless there is to be no other."""
        if not self._made or self._session.settings.on_death == FAIL:
            return
        from metricrig.pytest_plugin.renewing import dead, finish  # noqa: PLC0415 - see the module

        for key, made in list(self._made.items()):
            if dead(made.value) is not None:
                finish(self._definitions[key], item)

    def _mend(self, made: Made) -> None:
        """Have it well, unless this test is at work with it, or it has died and there is to be no other."""
        from metricrig.pytest_plugin.renewing import dead  # noqa: PLC0415 - see the module

        if self._session.usage is not None and self._session.usage.uses(made.value):
            return
        lost = dead(made.value)
        if lost is not None and self._session.settings.on_death == FAIL:
            raise lost.death("before this test, which gets no other because of --rig-on-death=fail")
        if made.mend is not None:
            made.mend()
