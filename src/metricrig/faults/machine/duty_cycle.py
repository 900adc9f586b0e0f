"""A program: it lets a process and everything below it run for a share of the time, by SIGSTOP and SIGCONT.

``PID START SHARE``. It ends at SIGTERM, with its parent (a janitor), or with the process, and leaves nothing stopped.
It is a process of its own so that a test which is killed, or computes, changes nothing of that.
"""

import ctypes
import os
import signal
import sys

sys.path.insert(0, __file__.rpartition("/metricrig/")[0])

from metricrig._core.process_id import ProcessId, state_of
from metricrig.janitor.process_tree import send_to_tree

_PR_SET_PDEATHSIG = 1
_ENDS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_PERIOD = 0.05
"""Seconds: short for whoever waits for an answer, long compared with what a signal costs."""


def main(pid: int, start: int, share: float) -> None:
    """Go on until it is over."""
    victim, parent = ProcessId(pid, start), os.getppid()
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    over = False
    while not over and victim.alive and os.getppid() == parent:
        over = _told_to_end(_PERIOD * share)
        if over or state_of(pid) == "T":  # somebody else has stopped it, and will let it go on
            continue
        try:
            send_to_tree(pid, signal.SIGSTOP)
            over = _told_to_end(_PERIOD * (1 - share))
        finally:
            send_to_tree(pid, signal.SIGCONT)


def _told_to_end(seconds: float) -> bool:
    return signal.sigtimedwait(_ENDS, seconds) is not None


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
