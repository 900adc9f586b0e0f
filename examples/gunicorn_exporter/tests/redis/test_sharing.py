"""Processes that write into one Redis: workers add up, masters too; other prefixes and databases are other worlds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, ask, asking, crowd, keys, visit

from metricrig.errors import BadPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter_suite import InRedis

    from metricrig import Rig


def test_each_worker_counts_what_it_has_answered(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=2, storage=store))
    rig.start()
    with asking(exporter, "/sleep/0.3") as busy:  # the other worker has to take these
        answered = Counter(ask(exporter)[1] for _ in range(4))
        answered[busy.answer()[1]] += 1
    assert set(answered) == set(map(str, exporter.workers))
    exporter.metrics.wait((exporter.requests == 5) & (exporter.durations == 5), within=5)
    kept = keys.hashes(store)
    assert answered == {
        each.split(":")[1]: float(fields["value"])
        for each, fields in kept.items()
        if each.startswith("counter:") and ":metric:" in each
    }


@pytest.mark.thorough
def test_masters_of_one_prefix_and_database_are_told_together_and_others_apart(
    rig: Rig, room: Callable[..., InRedis]
) -> None:
    rooms = {
        "one": room(prefix="shop"),
        "two": room(prefix="shop"),
        "prefix": room(prefix="shop-too"),
        "database": room(prefix="shop", db=1),
    }
    masters = {name: rig.add(Exporter(name, workers=1, storage=each, needs=["redis"])) for name, each in rooms.items()}
    rig.start()
    for times, each in enumerate(masters.values(), start=1):
        visit(each, times)
    for name, total in {"one": 3, "two": 3, "prefix": 3, "database": 4}.items():
        masters[name].metrics.wait(masters[name].durations == total, within=5)


@pytest.mark.thorough
@pytest.mark.xfail(
    raises=BadPage,
    reason="The type of a metric is what follows the first colon of its key: with one in the prefix, all are counters,"
    " and the page contradicts itself.",
)
def test_a_prefix_may_have_a_colon(rig: Rig, room: Callable[..., InRedis]) -> None:
    exporter = rig.add(Exporter(workers=1, storage=room(prefix="shop:web"), needs=["redis"]))
    rig.start()
    visit(exporter, 2)
    exporter.metrics.wait(exporter.requests == 2, within=5)
    types = {each.name: each.type for each in exporter.metrics.page().families()}
    assert types["gunicorn_worker_memory_bytes"] == "gauge"


@pytest.mark.thorough
def test_threads_of_a_worker_add_up(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=2, threads=4, kind="gthread", storage=store))
    rig.start()
    crowd(exporter, clients=8, each=2)
    exporter.metrics.wait((exporter.requests == 16) & (exporter.durations == 16), within=5)
