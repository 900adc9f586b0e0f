"""Locks that end with their owner."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from metricrig import DeadlineExceeded
from metricrig._core.leases import Lease, Numbers, PerProcess, holder

HOLDING = """
import sys, time
from pathlib import Path
from metricrig._core.leases import Numbers
print(Numbers(Path(sys.argv[1]), "n").take(10), flush=True)
time.sleep(100)
"""


def test_a_lease_is_had_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = Lease.take(path)
    assert first
    assert Lease.take(path) is None
    assert holder(path) == str(os.getpid())
    first.release()
    first.release()
    with Lease.wait(path, within=60):
        assert Lease.take(path) is None
    assert Lease.take(path)


def test_waiting_for_a_lease_ends_when_it_is_released_or_says_who_has_it(tmp_path: Path) -> None:
    first = Lease.wait(tmp_path / "a.lock", within=60)
    with pytest.raises(DeadlineExceeded, match=f"process {os.getpid()} has it"):
        Lease.wait(tmp_path / "a.lock", within=0.05)
    threading.Timer(0.05, first.release).start()
    Lease.wait(tmp_path / "a.lock", within=60).release()


def test_numbers_are_used_again_and_run_out(tmp_path: Path) -> None:
    numbers, others = Numbers(tmp_path, "n"), Numbers(tmp_path, "n")
    assert [numbers.take(4), others.take(4), numbers.take(4)] == [1, 2, 3]
    assert others.take(4) is None
    numbers.give_back(3)
    assert others.take(4) is None
    assert numbers.take(4) == 3
    numbers.release()
    numbers.give_back(1)  # it is not ours any more
    assert others.take(4) == 1
    assert numbers.take(4) == 3


def test_a_number_of_a_killed_process_is_free(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path, "n")
    with subprocess.Popen([sys.executable, "-c", HOLDING, tmp_path], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "1\n"
        assert numbers.take(10) == 2
        other.kill()
        other.wait()
        assert numbers.take(10) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_has_numbers_of_its_own_and_leaves_its_parents_alone(tmp_path: Path) -> None:
    numbers = PerProcess(lambda: Numbers(tmp_path, "n"))
    assert numbers.get() is numbers.get()
    assert numbers.get().take(10) == 1
    inherited = Lease.take(tmp_path / "own.lock")
    assert inherited

    def child(answers: object) -> None:
        inherited.release()
        answers.put((numbers.get().take(10), Lease.take(tmp_path / "own.lock")))  # type: ignore[attr-defined]

    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    process = fork.Process(target=child, args=(answers,))
    process.start()
    assert answers.get() == (2, None)
    process.join()
    own = numbers.forget()
    assert own
    assert numbers.forget() is None
    own.release()
    assert numbers.get().take(10) == 1
