"""A test process that is going to be killed: it starts, uses and stops servers until then.

``python victim.py NAME``; prints "rig" and the rig's id as soon as there is one, and a line at each stage.
"""

from __future__ import annotations

import itertools
import sys

from metricrig import Rig
from metricrig.services import PostgreSQL, Redis
from support.programs import python

FORKS = "[subprocess.Popen(['sleep', '1000'], start_new_session=bool(i)) for i in range(2)]; serve(sys.argv[1])"


def say(*words: object) -> None:
    """A line for whoever is going to kill us."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def live(name: str) -> None:
    """Start, use and stop, again and again."""
    for turn in itertools.count():
        with Rig(name) as rig:
            say("rig", rig.id, turn)
            redis, postgresql = rig.add(Redis()), rig.add(PostgreSQL())
            rig.add(python("forks", FORKS, "{port}", ports={"http": 80}, needs=[redis]))
            rig.start()
            say("started")
            postgresql.run(["sh", "-c", "sleep 0.05"])
            redis.restart()
            say("used")


if __name__ == "__main__":
    live(sys.argv[1])
