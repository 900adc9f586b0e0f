"""Frozen classes of named fields, as ``dataclass(frozen=True)`` makes them, with methods that are written once.

``dataclass`` writes and compiles six methods for each class: for the fifty of ours that every use needs that was
a third of what ``from metricrig import Rig`` took. ``dataclasses`` is told of the fields when it asks, so that
its functions work with these classes as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def made_by(*, factory: Callable[[], T]) -> T:
    """The default of a field that each object gets anew."""
    return _Factory(factory)  # type: ignore[return-value]


@dataclass_transform(frozen_default=True, field_specifiers=(made_by,))
def frozen(kind: type[T]) -> type[T]:
    """A class whose fields can be given in their order or by name, and not be set later."""
    return _completed(kind, by_name_only=False)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(made_by,))
def frozen_by_name(kind: type[T]) -> type[T]:
    """The same, whose fields are given by name only."""
    return _completed(kind, by_name_only=True)


class _Factory:
    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class _Form:
    """The fields of one class, and what an object of it begins with."""

    def __init__(self, kind: type, *, by_name_only: bool) -> None:
        inherited: _Form | None = getattr(kind, "__form__", None)
        self.name = kind.__qualname__
        self.types: dict[str, str] = {**(inherited.types if inherited else {}), **kind.__annotations__}
        self.in_order = () if by_name_only else tuple(self.types)
        given = {name: getattr(kind, name) for name in self.types if hasattr(kind, name)}
        self.factories = {name: value.make for name, value in given.items() if isinstance(value, _Factory)}
        self.defaults = {name: value for name, value in given.items() if name not in self.factories}

    def values(self, in_order: tuple[Any, ...], by_name: dict[str, Any]) -> dict[str, Any]:
        """One for each field, in the order of the fields."""
        if in_order:
            by_name |= self._named(in_order, by_name)
        chosen = {**self.defaults, **by_name}
        for name, make in self.factories.items():
            if name not in chosen:
                chosen[name] = make()
        if chosen.keys() != self.types.keys():
            raise self._mismatch(chosen)
        return {name: chosen[name] for name in self.types}

    def _named(self, in_order: tuple[Any, ...], by_name: dict[str, Any]) -> dict[str, Any]:
        if len(in_order) > len(self.in_order):
            raise TypeError(f"{self.name} takes {len(self.in_order)} values without a name, not {len(in_order)}")
        named = dict(zip(self.in_order, in_order, strict=False))
        if twice := named.keys() & by_name.keys():
            raise TypeError(f"{self.name} was given {', '.join(sorted(twice))} twice")
        return named

    def _mismatch(self, chosen: dict[str, Any]) -> TypeError:
        if unknown := [name for name in chosen if name not in self.types]:
            return TypeError(f"{self.name} has no {', '.join(unknown)}")
        return TypeError(f"{self.name} needs {', '.join(f'{name}=' for name in self.types if name not in chosen)}")


class _DataclassFields:
    """What ``dataclasses`` looks for in a class: found out when it looks."""

    def __get__(self, instance: object, kind: Any) -> dict[str, Any]:
        from dataclasses import field, make_dataclass  # noqa: PLC0415 - few ask, and it imports half of the library

        form: _Form = kind.__form__
        defaults = {name: field(default=value) for name, value in form.defaults.items()}
        factories = {name: field(default_factory=make) for name, make in form.factories.items()}
        made = {name: defaults.get(name) or factories.get(name) or field() for name in form.types}
        twin = make_dataclass(
            kind.__name__, [(name, form.types[name], made[name]) for name in made], init=False, repr=False, eq=False
        )
        kind.__dataclass_fields__ = twin.__dataclass_fields__  # type: ignore[attr-defined]
        return dict(kind.__dataclass_fields__)


def _completed(kind: type[T], *, by_name_only: bool) -> type[T]:
    """The class with its fields known, and the methods that it has not written itself."""
    form = _Form(kind, by_name_only=by_name_only)
    own = {"__form__": form, "__match_args__": form.in_order, "__dataclass_fields__": _DataclassFields()}
    for name, value in {**_METHODS, **own}.items():
        if name not in kind.__dict__ or name == "__hash__":
            setattr(kind, name, value)
    return kind


def _init(self: Any, *in_order: Any, **by_name: Any) -> None:
    kind = type(self)
    self.__dict__.update(kind.__form__.values(in_order, by_name))
    if hasattr(kind, "__post_init__"):
        self.__post_init__()


def _set(self: object, name: str, value: object) -> Never:  # noqa: ARG001 - as Python calls it
    raise _refused(self, name)


def _delete(self: object, name: str) -> Never:
    raise _refused(self, name)


def _refused(this: object, name: str) -> Exception:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - only when something has gone wrong

    return FrozenInstanceError(f"{name!r} cannot change: {type(this).__name__} is frozen")


def _equal(self: object, other: object) -> bool:
    return vars(self) == vars(other) if type(other) is type(self) else NotImplemented


def _hash(self: object) -> int:
    return hash((type(self), *vars(self).values()))


def _repr(self: object) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


_METHODS = {
    "__init__": _init,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _repr,
}
