"""A call is pickled for worker processes, which import what it is made of: a closure cannot be sent to them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from itertools import islice
from types import FunctionType
from typing import Any

from metricrig._core.errors import UsageError, described

_RIGHT = (
    "what works: a function or a class at the top of a module, functools.partial(buy, url) of one,\n"
    "  load.request(...), or load.weighted({...}) of those; without workers= everything does"
)


def pickled_call(who: str, call: Any) -> bytes:
    """The call as bytes."""
    written = io.BytesIO()
    try:
        _CallPickler(written, pickle.HIGHEST_PROTOCOL).dump(call)
    except Exception as error:
        raise UsageError(
            f"{who}: workers= needs a call that other processes can import ({described(error)})\n  {_RIGHT}"
        ) from error
    return written.getvalue()


def call_of(who: str, pickled: bytes, worker: int, workers: int) -> Any:
    """The call again, in a worker. Of an iterator each worker has its share, so that none makes what another makes."""
    try:
        call = pickle.loads(pickled)  # noqa: S301 - our own process has written it
    except Exception as error:
        raise UsageError(f"{who}: a worker process cannot import the call ({described(error)})\n  {_RIGHT}") from error
    return islice(call, worker, None, workers) if isinstance(call, Iterator) else call


class _CallPickler(pickle.Pickler):
    """Refuses what only the script that was started knows: in a worker ``__main__`` is another module."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type | FunctionType) and obj.__module__ == "__main__":
            raise pickle.PicklingError(f"{obj.__qualname__} is of the script that was started, not of a module")
        return NotImplemented
