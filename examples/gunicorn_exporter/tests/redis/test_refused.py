"""A Redis that is not there at the start, or wants another password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, InRedis, visit

from metricrig import ready
from metricrig.services import Redis, at_work

if TYPE_CHECKING:
    from exporter_suite import ExporterInstance

    from metricrig import Rig
    from metricrig.services import RedisInstance

CANNOT = "Cannot connect to Redis: "


@pytest.mark.thorough
@pytest.mark.patient
def test_who_is_refused_tries_for_ten_seconds_and_gives_up_unless_redis_comes(rig: Rig) -> None:
    """By pauses of its own, so all cases are tried side by side."""
    absent, late, locked = rig.add(Redis("absent")), rig.add(Redis("late")), rig.add(Redis("locked", password=True))

    def refused(redis: RedisInstance, password: str | None = None) -> ExporterInstance:
        room = InRedis(host=redis.host, port=redis.port, db=0, prefix="suite", password=password)
        return rig.add(Exporter(f"at-{redis.name}", workers=1, storage=room, ready=ready.log(CANNOT)))

    nowhere, patient, stranger = refused(absent), refused(late), refused(locked, password=f"not-{locked.secret}")
    locked.start()
    rig.start(nowhere, patient, stranger)

    with nowhere.may_die(), stranger.may_die():
        late.start()
        patient.wait(ready.all_of(at_work(1), ready.http("/metrics", port="metrics")))
        visit(patient, 2)
        patient.metrics.wait(patient.requests == 2, within=5)

        for each, why in ((nowhere, "Error 111 "), (stranger, "invalid username-password pair ")):
            assert each.wait_for_end(within=40) == "exited with 1"
            assert CANNOT + why in each.logs.tail(1)
