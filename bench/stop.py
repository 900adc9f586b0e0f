"""Stopping ten servers of six kinds."""

from __future__ import annotations

import time
from statistics import median

from bench.finding import MS, Finding, Report, Target
from bench.rounds import interleave
from metricrig import Rig
from metricrig.services import Etcd, Memcached, PostgreSQL, Prometheus, Redis, VictoriaMetrics

TARGET = Target(300, unit="ms")
ROUNDS = 15
_MIX = [Redis] * 4 + [VictoriaMetrics] * 2 + [Prometheus, PostgreSQL, Memcached, Etcd]


def run(scale: float) -> Report:
    """``rig.stop()`` with all ten ready."""
    seconds = interleave({"rig.stop()": _timed}, max(3, round(ROUNDS * scale)))["rig.stop()"]
    row = Finding(
        about=f"stop {len(_MIX)} services",
        who="rig.stop()",
        ms=median(seconds) * MS,
        target=TARGET,
        rounds=len(seconds),
    )
    slowest = f"The slowest of the stops took {max(seconds) * MS:.0f} ms."
    mix = "Stopped are 4 Redis, 2 VictoriaMetrics, Prometheus, PostgreSQL, Memcached and etcd, all ready."
    return Report([row], (f"{mix} {slowest}",))


def _timed() -> float:
    with Rig("bench") as rig:
        for number, service in enumerate(_MIX):
            rig.add(service(), name=f"service-{number}")
        rig.start()
        began = time.perf_counter()
        rig.stop()
        return time.perf_counter() - began
