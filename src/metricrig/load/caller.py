"""Who calls: a function, calls that a generator yields, or users of a class, each set up before and torn down after."""

from __future__ import annotations

import inspect
import random
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from metricrig._core.arguments import wrong
from metricrig._core.errors import UsageError
from metricrig.load.recorder import op

Call = Callable[[], Any]
_RIGHT = (
    "a function that takes nothing, a coroutine function, an iterator of such as load.weighted({buy: 9, refund: 1}),"
    " or a class whose objects can be called"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes users: context managers, synchronous or not as ``awaited`` says, that give what to call."""

    name: str
    user: Callable[[], Any]
    awaited: bool
    own_users: bool = False
    """Whether each user is an object of its own, which is set up before anything is measured."""


def caller_of(who: str, given: Any) -> Caller:
    """What users may give as ``call``."""
    if isinstance(given, type):
        return _of_class(who, given)
    if isinstance(given, Iterator):
        return _of_iterator(who, given)
    if isinstance(given, Mapping):
        raise wrong(who, "call", given, f"weights need a seed or none: {who}(load.weighted({{buy: 9, refund: 1}}))")
    if not callable(given):
        raise wrong(who, "call", given, _RIGHT)
    return Caller(_name(given), partial(nullcontext, given), _is_awaited(given))


def weighted(calls: Mapping[Call, float], *, seed: int = 0) -> Iterator[Call]:
    """Calls by chance, in proportion to their weights; each is an operation by the name of its function."""
    if not calls or any(isinstance(each, bool) or each <= 0 for each in calls.values()):
        raise wrong("load.weighted", "calls", dict(calls), "weights above 0: load.weighted({buy: 9, refund: 1})")
    return _WeightedCalls(list(calls), list(calls.values()), random.Random(seed))  # noqa: S311 - to be had again


class _WeightedCalls(Iterator[Call]):
    """Goes on for ever. It can be pickled, and goes on from there in another process."""

    def __init__(self, calls: list[Call], weights: list[float], chance: random.Random) -> None:
        self._calls, self._weights, self._chance = calls, weights, chance
        self._named = [_named(each) for each in calls]

    def __next__(self) -> Call:
        return self._chance.choices(self._named, self._weights)[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return _WeightedCalls, (self._calls, self._weights, self._chance)


def _named(call: Call) -> Call:
    name = _name(call)
    if not _is_awaited(call):

        def plain() -> None:
            with op(name):
                require_done(call())

        return plain

    async def awaited() -> None:
        with op(name):
            await call()

    return awaited


def _of_class(who: str, given: type) -> Caller:
    call = getattr(given, "__call__", None)  # noqa: B004 - that of its objects, not whether the class can be called
    if not inspect.isfunction(call):
        raise wrong(who, "call", given, f"a class whose objects can be called: def __call__(self) in {given.__name__}")
    awaited = inspect.iscoroutinefunction(call)
    if awaited and hasattr(given, "__enter__") and not hasattr(given, "__aenter__"):
        raise UsageError(f"{who}: {given.__name__} is called by await, so its set-up is __aenter__, not __enter__")
    managed = hasattr(given, "__aenter__" if awaited else "__enter__")
    return Caller(given.__name__, given if managed else lambda: nullcontext(given()), awaited, own_users=True)


def _of_iterator(who: str, given: Iterator[Any]) -> Caller:
    """Each call is the next of it, whichever user makes it."""
    first = next(given, None)
    if not callable(first):
        raise wrong(who, "call", first, f"a generator that yields {_RIGHT.split(',', 1)[0]}")
    calls, lock = chain([first], given), threading.Lock()

    def following() -> Call:
        with lock:  # a generator cannot be asked by two threads at once
            call: Call | None = next(calls, None)
        if call is None:
            raise UsageError(f"{who}: the generator of calls has ended, and the run has not\n  let it go on for ever")
        return call

    def plain() -> None:
        require_done(following()())

    async def awaited() -> None:
        await following()()

    is_awaited = _is_awaited(first)
    return Caller("calls of a generator", partial(nullcontext, awaited if is_awaited else plain), is_awaited)


def require_done(result: Any) -> None:
    """A coroutine that nobody awaits has done nothing: the run would be fast, and green."""
    if isinstance(result, Awaitable):
        if inspect.iscoroutine(result):
            result.close()
        raise UsageError(
            "the call has returned a coroutine that nobody awaits\n"
            "  give the coroutine function itself, or a function with async def, instead of a lambda around it"
        )


def _is_awaited(call: Any) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(type(call), "__call__", None))  # noqa: B004 - as above


def _name(call: Any) -> str:
    inner = call.func if isinstance(call, partial) else call
    return str(getattr(inner, "__name__", type(inner).__name__))
