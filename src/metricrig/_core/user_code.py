"""Calls of functions that a user has given to a service: an error names the line of the user's code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from metricrig._core.errors import FunctionFailed, MetricrigError
from metricrig._core.user_frame import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

P = ParamSpec("P")
R = TypeVar("R")


def call(service: str, what: str, function: Callable[P, R], *words: P.args, **named: P.kwargs) -> R:
    """Call what a service was given as its ``what``. metricrig's own errors keep their kind, and also name the line."""
    try:
        return function(*words, **named)
    except MetricrigError as error:
        if place := place_of(error, function):
            error.add_note(f"{service}: raised by its {what}, {place}")
        raise
    except Exception as error:
        raise FunctionFailed(service, what=what, function=function, error=error) from error


def cause_of(failures: Iterable[BaseException]) -> BaseException | None:
    """What users' functions have raised, of several failures: one is itself, several are a group."""
    causes: list[Any] = [each.error for each in failures if isinstance(each, FunctionFailed)]
    return ExceptionGroup("functions that services were given", causes) if len(causes) > 1 else next(iter(causes), None)
