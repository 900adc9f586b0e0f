"""Calls that worker processes can import. Each is an operation by the number of the process that made it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from metricrig import load

if TYPE_CHECKING:
    from collections.abc import Awaitable

DIRECTORY = "WORKER_CALLS_DIRECTORY"
"""The variable of the environment that says where users leave their traces."""


def plain() -> None:
    with load.op(str(os.getpid())):
        time.sleep(0.001)


async def awaited() -> None:
    with load.op(str(os.getpid())):
        await asyncio.sleep(0.001)


def failing(kind: str) -> None:
    plain()
    raise ValueError(kind)


def hanging() -> None:
    time.sleep(600)


def freezing() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


async def blocking() -> None:
    time.sleep(600)  # noqa: ASYNC251 - a call as it should not be


def never_awaited() -> Awaitable[None]:
    return awaited()


def first() -> None: ...


def second() -> None: ...


class User:
    """Leaves a file for its set-up, and another for its tear-down."""

    def __enter__(self) -> Self:
        self._leave("up")
        return self

    def __call__(self) -> None:
        plain()

    def __exit__(self, *_: object) -> None:
        self._leave("down")

    def _leave(self, what: str) -> None:
        Path(os.environ[DIRECTORY], f"{what}-{os.getpid()}-{id(self)}").touch()


class Homeless:
    """A user that cannot be set up."""

    def __enter__(self) -> Self:
        raise OSError("no home")

    def __call__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
