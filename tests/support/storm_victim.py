"""A test process for the kill storm: opens rigs in several threads, whose services fork and become daemons.

``python storm_victim.py``; says each stage before it begins: boot, start, use, stop, close, and with "janitor" its pid.
"""

from __future__ import annotations

import sys
import threading

sys.stdout.write("boot\n")
sys.stdout.flush()

from metricrig import Rig, Service  # noqa: E402 - the boot is a stage too
from metricrig.janitor.client import janitor  # noqa: E402

FORKING = "sleep 1000 & setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &) ; exec sleep 1000"

FIRST_JANITOR = janitor().pid


def say(*words: object) -> None:
    """A line for whoever is going to kill us."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def live(name: str) -> None:
    """One life of a rig."""
    rig = Rig(name)
    if janitor().pid != FIRST_JANITOR:
        sys.exit("the janitor is another one")  # killed at a moment at which nobody needed it
    say("janitor", FIRST_JANITOR)
    forking = rig.add(Service(name="forking", command=["sh", "-c", FORKING]))
    rig.add(Service(name="beside", command=["sleep", "1000"], needs=[forking]))
    say("start")
    rig.start()
    say("use")
    forking.run(["sh", "-c", "sleep 0.02"])
    forking.restart()
    say("stop")
    rig.stop()
    say("close")
    rig.close()


def live_for_ever(name: str) -> None:
    """Again and again, until killed or told that the janitor was."""
    while True:
        live(name)


if __name__ == "__main__":
    threading.Thread(target=live_for_ever, args=["beside"], daemon=True).start()
    live_for_ever("storm")
