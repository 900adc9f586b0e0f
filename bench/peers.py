"""Other libraries that start servers for tests, with their defaults, on the same program and file system.

They are imported by name: whoever has not installed the ``bench`` extra gets the report without them.
"""

from __future__ import annotations

import shutil
import time
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bench.bare import LOOPBACK, kitchen, reserved_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.bare import Recipe
    from bench.rounds import Attempt

    Make = Callable[[Recipe, Path, int], Any]


def mirakuru_http(path: str) -> Make:
    """Its HTTPExecutor: it asks with HEAD, every 0.1 s."""

    def make(recipe: Recipe, directory: Path, port: int) -> Any:
        # It passes standard error through by default: the server would write into the report.
        output = (directory / "output").open("wb")
        executor = import_module("mirakuru").HTTPExecutor
        url = f"http://{LOOPBACK}:{port}{path}"
        return executor(recipe.command(directory, port), url, cwd=str(directory), stderr=output)

    return make


def mirakuru_tcp(recipe: Recipe, directory: Path, port: int) -> Any:
    """Its TCPExecutor: content with an open port, looked at every 0.1 s."""
    return import_module("mirakuru").TCPExecutor(
        recipe.command(directory, port), host=LOOPBACK, port=port, cwd=str(directory)
    )


def pytest_redis(recipe: Recipe, directory: Path, port: int) -> Any:
    """The executor of its ``redis_proc`` fixture with that fixture's defaults; the flags are its own."""
    return import_module("pytest_redis.executor").RedisExecutor(
        executable=recipe.argv[0],
        databases=8,
        redis_timeout=15,
        loglevel="notice",
        host=LOOPBACK,
        port=port,
        datadir=directory,
    )


def peer_start(recipe: Recipe, make: Make) -> Attempt:
    """An attempt: the seconds that its ``start()`` takes."""

    def attempt() -> float:
        directory = kitchen(recipe)
        try:
            with reserved_port() as port:
                return _timed(make(recipe, directory, port))
        finally:
            shutil.rmtree(directory)

    return attempt


def _timed(executor: Any) -> float:
    began = time.perf_counter()
    try:
        executor.start()
        return time.perf_counter() - began
    finally:
        executor.kill()


def installed(package: str) -> bool:
    """Whether a package can be imported."""
    return find_spec(package) is not None
