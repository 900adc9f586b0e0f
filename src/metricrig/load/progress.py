"""How a run is doing, as an event about once a second."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from metricrig._core.events import LoadProgressed, everything
from metricrig.load.calls import GOOD, WHOLE
from metricrig.load.latencies import Latencies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.load.run_data import RunData

_EVERY_SECONDS = 1.0
_AT_A_TIME = 200
"""Calls that are counted without a pause: 3 us each, during which nothing else of this process runs."""


@contextmanager
def telling_progress(load: str, data: RunData) -> Iterator[None]:
    """A block, during which a thread tells."""
    over = threading.Event()
    thread = threading.Thread(target=_tell, args=(load, data, over), name="metricrig load progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell(load: str, data: RunData, over: threading.Event) -> None:
    latencies, seen, failed = Latencies(), 0, 0
    while not over.wait(_EVERY_SECONDS):
        calls, before = data.recorder.calls, len(latencies)
        while seen < len(calls) and not over.wait(0.001):
            rows = range(seen, min(len(calls), seen + _AT_A_TIME))
            whole = [each for each in rows if calls.operation[each] == WHOLE]
            latencies.add(calls.ended[each] - calls.due[each] for each in whole)
            failed += sum(calls.outcome[each] != GOOD for each in whole)
            seen = rows.stop
        if len(latencies):
            everything.emit(
                LoadProgressed(
                    load=load,
                    calls=len(latencies),
                    failed=failed,
                    under_way=data.recorder.under_way,
                    rate=(len(latencies) - before) / _EVERY_SECONDS,
                    p50=latencies.percentile(50),
                    p99=latencies.percentile(99),
                )
            )
