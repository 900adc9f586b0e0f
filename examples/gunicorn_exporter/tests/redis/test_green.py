"""Workers with green threads: they count as long as no two of them wait for Redis."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, asking, visit

if TYPE_CHECKING:
    from exporter_suite import InRedis

    from metricrig import Rig

pytestmark = [pytest.mark.thorough, pytest.mark.parametrize("kind", ["gevent", "eventlet"])]
AT_ONCE = 8
SOON = 1.0
"""Several times what a worker takes for its first requests (0.2 s)."""


def test_one_request_at_a_time_is_counted(kind: str, rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, kind=kind, storage=store))
    rig.start()
    visit(exporter, AT_ONCE)
    exporter.metrics.wait(exporter.requests == AT_ONCE, within=5)


@pytest.mark.xfail(
    raises=AssertionError,
    reason="A green thread that waits for Redis holds a lock of the operating system, which the next one waits for:"
    " the worker hangs.",
)
def test_requests_at_once_are_answered(kind: str, rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, kind=kind, storage=store))
    rig.start()
    with ExitStack() as stack:
        questions = [stack.enter_context(asking(exporter)) for _ in range(AT_ONCE)]
        assert all(each.answered(SOON) for each in questions)
        assert [each.answer()[0] for each in questions] == [200] * AT_ONCE
    exporter.metrics.wait(exporter.requests == AT_ONCE, within=5)
