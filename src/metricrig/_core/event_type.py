"""The base and the decorator of all events: frozen dataclasses, whose methods are written once instead of per class.

``dataclass`` compiles six methods of each class when it is made: for thirty events that was a third of what
``from metricrig import Rig`` took.
"""

from __future__ import annotations

import time
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, Never, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def event(cls: type[T]) -> type[T]:
    """Make a class of events: its fields are keywords, and nothing can be set later."""
    return dataclass(init=False, repr=False, eq=False, kw_only=True, slots=True)(cls)


class Frozen:
    """The methods of all of them."""

    __slots__ = ()

    def __init__(self, **given: Any) -> None:
        for each in fields(self):  # type: ignore[arg-type]
            if each.name in given:
                value = given.pop(each.name)
            elif each.default is not MISSING:
                value = each.default
            elif each.default_factory is not MISSING:
                value = each.default_factory()
            else:
                raise TypeError(f"{type(self).__name__} needs {each.name}=")
            object.__setattr__(self, each.name, value)
        if given:
            raise TypeError(f"{type(self).__name__} has no {', '.join(given)}")

    def __setattr__(self, name: str, value: object) -> Never:
        raise FrozenInstanceError(f"cannot assign to {name!r}: an event does not change")

    def __delattr__(self, name: str) -> Never:
        raise FrozenInstanceError(f"cannot delete {name!r}: an event does not change")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), *self._values().values()))

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in self._values().items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._values())

    def _values(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]


def _again(kind: type[Frozen], values: dict[str, Any]) -> Frozen:
    return kind(**values)


@event
class Event(Frozen):
    """Something that happened, and when: on the monotonic clock and on the wall clock."""

    at: float = field(default_factory=time.monotonic)
    wall: float = field(default_factory=time.time)
