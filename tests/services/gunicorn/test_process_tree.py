"""Which children of a Gunicorn master are workers, as a table."""

from __future__ import annotations

import signal

import pytest

from metricrig.services.gunicorn.process_tree import BOOTING, MASTER, WORKER, GunicornProcesses, kind

HUP, USR1, CHLD = signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD


@pytest.mark.parametrize(
    ("handles", "stack", "expected"),
    [
        ({HUP, USR1, CHLD}, 1, BOOTING),  # just forked
        ({CHLD}, 1, BOOTING),  # its own are on their way
        ({USR1}, 1, WORKER),
        ({USR1, CHLD}, 1, WORKER),  # whose application waits for children of its own
        (set(), 2, BOOTING),  # just executed
        ({USR1}, 2, BOOTING),  # some other program that the master runs
        ({HUP, USR1, CHLD}, 2, MASTER),
    ],
)
def test_a_child_is_known_by_its_handlers_and_by_what_it_has_executed(
    handles: set[int], stack: int, expected: str
) -> None:
    master = GunicornProcesses(pid=10, parent=1, dead=False, handles=frozenset({HUP, USR1, CHLD}), stack=1)
    child = GunicornProcesses(pid=11, parent=10, dead=False, handles=frozenset(handles), stack=stack)
    assert kind(child, master) == expected
