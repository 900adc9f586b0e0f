"""A storm over real servers that need each other: whatever comes together, all is well afterwards."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from support.programs import python
from support.waiting import eventually

from metricrig import Rig, ready
from metricrig.services import Redis
from metricrig.storms import PlannedFault, StormPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig.faults.fault import Fault

SHOP = """
    redis = sys.argv[1].split(":")
    def ask():
        with socket.create_connection((redis[0], int(redis[1])), 30) as connection:
            connection.sendall(b"PING\\r\\n")
            return connection.recv(100)
    class Shop(Quiet):
        def do_GET(self):
            try:
                fine = ask() == b"+PONG\\r\\n"
            except OSError:
                fine = False
            self.send_response(200 if fine else 503); self.end_headers()
    http.server.ThreadingHTTPServer((HOST, int(sys.argv[2])), Shop).serve_forever()
"""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig("shop") as rig:
        link = rig.link(rig.add(Redis()))
        rig.add(
            python("shop", SHOP, link.inside.address(), "{port}", ports={"http": 0}, needs=[link], ready=ready.http())
        )
        rig.start()
        yield rig


@pytest.mark.parametrize("seed", range(1, 4))
def test_all_is_well_after_it(rig: Rig, seed: int) -> None:
    """The shop is ready when Redis is, through the link: it cannot be healed before those that it needs."""
    link, redis, shop = rig.links["redis-link"], rig["redis"], rig["shop"]
    slow = partial(link.slow, latency=0.01)
    faults: list[Callable[[], Fault]] = [
        link.cut,
        link.stall,
        slow,
        redis.paused,
        redis.killed,
        shop.paused,
        shop.killed,
    ]
    storm = rig.storm(seed=seed, faults=faults, every="20ms…80ms", lasting="20ms…150ms", at_most=3, for_="2s")
    storm.while_(lambda: not redis.lost).run()
    assert len(storm.faults) == len(storm.plan.planned)
    assert not any(each.in_force for each in storm.faults)
    assert all(each.evidence and each.healing_evidence for each in storm.faults)
    assert [each.state for each in rig] == ["ready", "ready"]
    assert storm.recovery is not None
    with urlopen(f"http://127.0.0.1:{shop.port}/", timeout=30) as answer:
        assert answer.status == 200


def test_a_rig_that_is_closed_in_the_middle_heals_what_needs_each_other(rig: Rig) -> None:
    """Redis cannot be the last: the shop is not ready before."""
    paused = (PlannedFault("redis: paused", 0, 3000), PlannedFault("shop: paused", 0.01, 3000))
    storm = rig.storm(StormPlan(paused, 3600, 2), faults=[rig["redis"].paused, rig["shop"].paused])
    storm.__enter__()
    eventually(lambda: len(storm.faults) == 2 and all(each.evidence for each in storm.faults))
    rig.close()
    assert not any(each.in_force for each in storm.faults)


def test_one_that_is_stopped_in_the_middle_leaves_all_well(rig: Rig) -> None:
    faults: list[Callable[[], Fault]] = [rig.links["redis-link"].cut, rig["redis"].killed, rig["shop"].killed]
    with rig.storm(seed=1, faults=faults, every="10ms", lasting="60s", at_most=3, for_="60s") as storm:
        eventually(lambda: storm.faults)
    assert [each.state for each in rig] == ["ready", "ready"]
