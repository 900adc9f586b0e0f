"""A test process that is killed while a fault is in force: ``fault_victim.py NAME FAULT``, or ends by itself.

With the word ``whole`` instead of a fault it goes through all that an ordinary user can do, and prints what was proven.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from metricrig import Instance, Limits, Rig, Service
from metricrig.services import PostgreSQL, Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.faults.fault import Fault

DISK = Limits(disk="16MiB")
FAULTS = ("paused", "disk_full", "read_only_disk", "no_open_files", "little_memory", "little_cpu")


def say(*words: object) -> None:
    """A line for whoever is going to kill us."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def until_killed(name: str, fault: str) -> None:
    """Have it in force until somebody kills us."""
    with Rig(name) as rig:
        redis = rig.add(Redis(limits=DISK))
        rig.start()
        with getattr(redis, fault)():
            say("in force", rig.id, redis.pid)
            time.sleep(1000)


def whole(name: str) -> None:
    """Each fault once, on a server and on one with many processes and a directory that is prepared."""
    with Rig(name) as rig:
        redis = rig.add(Redis(limits=DISK, own_clock=True))
        postgresql = rig.add(PostgreSQL(limits=Limits(disk="128MiB"), own_clock=True))
        rig.add(Service(name="other", command=["sleep", "1000"], limits=DISK))
        rig.start()
        again = redis._state.runtime.place(redis.service)  # as another process that shares the server finds it
        say(again.directory == redis.dir)
        say(json.dumps({each.victim + " " + each.kind: proven(each) for each in _all(redis, postgresql)}))
        postgresql.restart()
        say(postgresql.run(["psql", "-tAc", "SELECT 'still there'"]).out.strip())


def proven(fault: Fault) -> list[str]:
    """Both of its proofs."""
    with fault:
        pass
    return [fault.evidence, fault.healing_evidence]


def _all(redis: Instance, postgresql: Instance) -> Iterator[Fault]:
    for server in (redis, postgresql):
        yield server.clock(offset=3600)
    for each in FAULTS:
        yield getattr(redis, each)()
        if each != "read_only_disk":  # it has files open for writing
            yield getattr(postgresql, each)()


if __name__ == "__main__":
    if sys.argv[2] == "whole":
        whole(sys.argv[1])
    else:
        until_killed(*sys.argv[1:])
