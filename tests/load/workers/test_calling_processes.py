"""Runs whose calls are shared out among processes, whatever becomes of these."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import worker_calls
from support.waiting import eventually

from metricrig import UsageError, load
from metricrig.errors import MetricrigError
from metricrig.load.recorder import UNFINISHED
from metricrig.load.workers import calling_processes

FORMS = pytest.mark.parametrize("call", [worker_calls.plain, worker_calls.awaited], ids=["threads", "tasks"])


def runs(pid: int) -> bool:
    """Also a process whose parent has not been told yet that it has ended does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@FORMS
def test_workers_make_each_call_that_is_due_once(call: object) -> None:
    run = load.open_loop(call, rate=100, for_="500ms", workers=3).measured
    assert run.calls == 50
    assert run.failed == 0


@FORMS
def test_each_has_its_share_of_the_moments(call: object) -> None:
    run = load.open_loop(call, rate=100, for_="1s", workers=2, lag="600s")
    assert run.data.missed == 0
    assert str(os.getpid()) not in run.operations
    assert [run.op(each).calls for each in run.operations] == [50, 50]
    due = sorted(due for due, *_, operation in run.data.recorder.calls if operation == 0)
    assert due == pytest.approx([run.began + number / 100 for number in range(100)])
    assert all(began >= due for due, began, *_ in run.data.recorder.calls), "none is made too early"
    assert not any(runs(int(each)) for each in run.operations)


@FORMS
def test_users_of_a_closed_loop_are_shared_out(call: object) -> None:
    run = load.closed_loop(call, users=3, for_="500ms", workers=2, think="1ms", lag="600s")
    assert run.failed == 0
    assert len(run.operations) == 2
    assert all(run.op(each).calls > 1 for each in run.operations)


def test_errors_of_all_workers_are_counted_by_kind() -> None:
    call = functools.partial(worker_calls.failing, "no such book")
    run = load.open_loop(call, rate=100, for_="500ms", workers=2, lag="600s")
    assert run.errors == {"ValueError: no such book": 50}
    assert len(run.operations) == 2


def test_users_of_a_class_are_set_up_and_torn_down_where_they_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(worker_calls.DIRECTORY, str(tmp_path))
    run = load.closed_loop(worker_calls.User, users=5, for_="300ms", workers=2, lag="600s")
    traces = Counter(tuple(each.name.split("-")[:2]) for each in tmp_path.iterdir())
    for what in ("up", "down"):
        assert sorted(traces[what, each] for each in run.operations) == [2, 3]


def test_calls_by_chance_are_the_same_with_workers() -> None:
    calls = {worker_calls.first: 3.0, worker_calls.second: 1.0}
    here, there = (
        load.open_loop(load.weighted(calls, seed=5), rate=200, for_="500ms", workers=workers, lag="600s")
        for workers in (None, 3)
    )
    assert [there.op(each).calls for each in ("first", "second")] == [
        here.op(each).calls for each in ("first", "second")
    ]


def test_load_in_the_background_is_told_of_while_it_goes_on() -> None:
    with load.background(worker_calls.awaited, rate=200, workers=2) as traffic:
        eventually(lambda: traffic.measured.calls > 100)
        assert traffic.data.recorder.begun > 100
    assert traffic.measured.failed == 0
    assert not any(runs(int(each)) for each in traffic.operations)


@pytest.mark.parametrize("call", [lambda: None, functools.partial(lambda _: None, 1), (each for each in [print])])
def test_what_another_process_cannot_import_is_refused(call: object) -> None:
    with pytest.raises(UsageError, match="at the top of a module"):
        load.open_loop(call, rate=10, for_="1s", workers=2)


def test_a_module_that_workers_cannot_find_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [each for each in sys.path if not each.endswith("tests")])
    with pytest.raises(UsageError, match=r"a worker process cannot import the call \(ModuleNotFoundError: .*support"):
        load.open_loop(worker_calls.plain, rate=10, for_="1s", workers=2)


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one process"):
        load.open_loop(worker_calls.plain, rate=10, for_="1s", workers=0)
    with pytest.raises(UsageError, match="at least one for each worker"):
        load.closed_loop(worker_calls.plain, users=1, for_="1s", workers=2)


def test_a_user_who_cannot_be_set_up_ends_the_run() -> None:
    with pytest.raises(MetricrigError, match="OSError: no home"):
        load.closed_loop(worker_calls.Homeless, users=2, for_="600s", workers=2)


def test_a_coroutine_that_nobody_awaits_is_refused_by_workers_too() -> None:
    with pytest.raises(UsageError, match="nobody awaits"):
        load.open_loop(worker_calls.never_awaited, rate=100, for_="600s", workers=2)


@FORMS
def test_a_run_with_a_worker_that_dies_is_invalid_in_all_its_parts(call: object) -> None:
    with load.background(call, rate=200, workers=2, lag="600s") as traffic:
        eventually(lambda: len(traffic.operations) == 2)
        eventually(lambda: traffic.measured.calls > 50)
        os.kill(int(traffic.operations[0]), signal.SIGKILL)
        eventually(lambda: not traffic.running)
    assert "it ended before its time: worker" in traffic.reasons[0]
    assert "of 2 was killed by SIGKILL" in traffic.reasons[0]
    for part in (traffic, traffic.before(traffic.began + 0.1), traffic.op(traffic.operations[1])):
        with pytest.raises(load.InvalidRun, match="was killed by SIGKILL"):
            _ = part.failed
    assert not any(runs(int(each)) for each in traffic.operations)


def test_a_worker_that_hangs_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of what it did, so the run is invalid."""
    monkeypatch.setattr(calling_processes, "_OVERDUE_SECONDS", 0.5)
    run = load.open_loop(worker_calls.freezing, rate=100, for_="200ms", workers=2, lag="600s", patience="100ms")
    with pytest.raises(load.InvalidRun, match="worker 1 of 2 and 2 of 2 did not come to its end"):
        _ = run.failed


def test_a_worker_that_hangs_when_the_block_is_over_makes_the_run_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling_processes, "_OVERDUE_SECONDS", 0.5)
    with load.background(worker_calls.plain, rate=200, workers=2, lag="600s", patience="100ms") as traffic:
        eventually(lambda: len(traffic.operations) == 2)
        pid = int(traffic.operations[0])
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(load.InvalidRun, match=r"worker \d of 2 did not come to its end"):
        _ = traffic.failed
    assert not runs(pid)


@pytest.mark.parametrize("call", [worker_calls.hanging, worker_calls.blocking], ids=["threads", "tasks"])
def test_a_ctrl_c_ends_workers_whatever_they_do(call: object) -> None:
    def interrupt(traffic: load.Run) -> None:
        eventually(lambda: traffic.data.recorder.under_way > 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), load.background(call, rate=50, workers=2) as traffic:
        interrupt(traffic)
    measured = traffic.measured
    assert measured.failed == measured.calls > 1
    assert measured.errors == {UNFINISHED: measured.calls}
    assert "ended before its time" in traffic.reasons[0]


DYING = """
import time
from support import worker_calls
from metricrig import load

with load.background(worker_calls.plain, rate=100, workers=2) as traffic:
    while len(traffic.operations) < 2:
        time.sleep(0.01)
    print(*traffic.operations, flush=True)
    time.sleep(600)
"""


def test_workers_end_with_the_process_of_the_test() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", DYING], stdout=subprocess.PIPE, text=True, env=environment) as test:
        assert test.stdout is not None
        workers = [int(each) for each in test.stdout.readline().split()]
        assert len(workers) == 2
        test.kill()
    eventually(lambda: not any(runs(each) for each in workers))
