"""A test process that is going to be killed while containers of it are made, run and removed.

``python container_victim.py NAME``; prints "rig" and the rig's id as soon as there is one, and a line at each stage.
"""

from __future__ import annotations

import itertools
import sys

from metricrig import Rig
from metricrig.services import Redis
from support.victim import say


def live(name: str) -> None:
    """Start and stop, again and again."""
    for turn in itertools.count():
        with Rig(name, runtime="docker") as rig:
            say("rig", rig.id, turn)
            redis = rig.add(Redis())
            rig.start()
            say("started")
            redis.restart()
            say("used")


if __name__ == "__main__":
    live(sys.argv[1])
