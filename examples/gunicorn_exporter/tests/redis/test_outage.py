"""A Redis that is killed, or that is there and says nothing, and what is known when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, asking, visit

from metricrig import metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter_suite import ExporterInstance, InRedis

    from metricrig import Rig
    from metricrig.services import RedisInstance

REQUESTS = metric("gunicorn_worker_requests_total")
A_WHILE = 0.5
"""Much longer than a scrape takes (15 ms), much shorter than the exporter's own patience with Redis (5 s)."""


@pytest.fixture
def exporter(rig: Rig, own_redis: RedisInstance, room: Callable[..., InRedis]) -> ExporterInstance:
    """One worker with its numbers in the Redis that is done something to."""
    exporter = rig.add(Exporter(workers=1, storage=room(), needs=[own_redis]))
    rig.start()
    return exporter


def test_without_redis_the_application_goes_on_and_what_it_does_is_counted_later(
    exporter: ExporterInstance, own_redis: RedisInstance
) -> None:
    exporter.reopen_logs()
    visit(exporter, 3)
    exporter.metrics.wait((exporter.durations == 3) & (exporter.restarts("usr1") == 1), within=10)
    own_redis.kill()
    # What is left on the page is what the master has in its own memory.
    exporter.metrics.wait(REQUESTS.absent() & (exporter.restarts("usr1") == 1), within=10)
    assert [status for status, _ in visit(exporter, 2)] == [200, 200]
    own_redis.start()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.requests == 6, within=10)


@pytest.mark.thorough
@pytest.mark.xfail(
    raises=AssertionError,
    reason="The counter of requests is raised before Redis is found away, the histogram is not reached: after an outage"
    " there are fewer durations than requests.",
)
def test_durations_during_an_outage_are_counted_when_redis_is_back(
    exporter: ExporterInstance, own_redis: RedisInstance
) -> None:
    visit(exporter, 3)
    exporter.metrics.wait(exporter.durations == 3, within=5)
    own_redis.kill()
    visit(exporter, 2)
    own_redis.start()
    visit(exporter, 1)
    exporter.metrics.wait((exporter.requests == 6) & (exporter.durations >= 4), within=10)
    assert exporter.metrics.evaluate(exporter.durations) == 6


@pytest.mark.thorough
def test_while_redis_is_silent_requests_and_scrapes_wait(exporter: ExporterInstance, own_redis: RedisInstance) -> None:
    """Left alone, they would wait for 10 s and more: once that is seen, Redis goes on."""
    visit(exporter, 1)
    exporter.metrics.wait(exporter.durations == 1, within=5)
    own_redis.pause()
    with asking(exporter) as request, asking(exporter, "/metrics", port="metrics") as scrape:
        assert not request.answered(A_WHILE)
        assert not scrape.answered(0)
        own_redis.resume()
        assert request.answer()[0] == 200
        status, page = scrape.answer()
    assert status == 200
    assert "gunicorn_worker_requests_total{" in page
    exporter.metrics.wait(exporter.requests == 2, within=5)
