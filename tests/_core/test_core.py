from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metricrig import DeadlineExceeded, MetricrigError, StartFailed, Unavailable, UsageError
from metricrig._core import ports
from metricrig._core.copying import copy_tree
from metricrig._core.deadlines import FIRST_PAUSE, LONGEST_PAUSE, Deadline, next_pause
from metricrig._core.events import Event, RigOpened, Stream
from metricrig._core.exits import in_words
from metricrig._core.processes import ProcessId


@pytest.mark.parametrize(("waited", "pause"), [(0, 0.0002), (0.02, 0.001), (0.1, 0.005), (0.5, 0.025), (60, 0.05)])
def test_pauses_grow_with_the_wait_within_limits(waited: float, pause: float) -> None:
    assert next_pause(waited) == pytest.approx(pause)
    assert FIRST_PAUSE <= next_pause(waited) <= LONGEST_PAUSE


def test_pauses_end_with_the_deadline() -> None:
    deadline = Deadline.after(0.02)
    for pause in deadline.pauses():
        assert pause <= 0.02
        time.sleep(pause)
    assert deadline.expired
    assert deadline.remaining == 0
    assert 0.02 <= deadline.elapsed < 10


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with 0"),
        (77, "exited with 77"),
        (-9, "was killed by SIGKILL"),
        (-34, "was killed by SIGRTMIN"),
        (-40, "was killed by signal 40"),
        (None, "was lost: its janitor is gone"),
    ],
)
def test_ends_are_told_in_words(status: int | None, words: str) -> None:
    assert in_words(status) == words


def test_a_process_is_its_pid_and_its_start() -> None:
    me = ProcessId.of(os.getpid())
    assert me is not None
    assert me.alive
    assert not ProcessId(me.pid, me.start + 1).alive
    assert ProcessId.of(2**22 + 1) is None


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen(["true"])
    identity = ProcessId.of(process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert identity is not None
    assert not identity.alive
    process.wait()


def test_reservations_of_many_processes_never_collide() -> None:
    code = (
        "from metricrig._core.ports import Reservation\n"
        "held = [Reservation() for _ in range(200)]\n"
        "print(*(each.port for each in held), flush=True); input()"
    )
    words = [sys.executable, "-c", code]
    others = [subprocess.Popen(words, stdin=-1, stdout=-1, text=True) for _ in range(3)]
    numbers = [int(word) for each in others if each.stdout for word in each.stdout.readline().split()]
    for each in others:
        each.communicate("\n")
    assert len(numbers) == 600
    assert len(set(numbers)) == 600


def test_a_released_reservation_is_anybodys() -> None:
    reservation = ports.Reservation()
    with pytest.raises(OSError, match="in use"):
        ports.Reservation(-1) if reservation.held is False else _bind(reservation.port)
    reservation.release()
    reservation.release()
    assert not reservation.held
    _bind(reservation.port)


def _bind(port: int) -> None:
    import socket  # noqa: PLC0415 - only here

    with socket.socket() as other:
        other.bind((ports.LOOPBACK, port))


def test_a_listener_is_found_and_named() -> None:
    import socket  # noqa: PLC0415 - only here

    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert ports.foreign_listener([port], [os.getpid()]) is None
        found = ports.foreign_listener([port], [])
        assert found is not None
        assert found.pid == os.getpid()
        assert str(found) == f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
    assert ports.foreign_listener([port], []) is None


def test_events_reach_listeners_and_parents_until_they_unsubscribe() -> None:
    parent = Stream()
    child = Stream(parent)
    seen: list[tuple[str, Event]] = []
    parent.subscribe(lambda event: seen.append(("parent", event)))
    event = RigOpened(rig="r", directory="/d")
    with child.listening(lambda event: seen.append(("child", event))):
        child.emit(event)
    child.emit(event)
    assert seen == [("child", event), ("parent", event), ("parent", event)]


def test_a_listener_that_fails_does_not_break_what_it_watches(caplog: pytest.LogCaptureFixture) -> None:
    stream = Stream()
    seen: list[Event] = []

    def broken(_: Event) -> None:
        raise ZeroDivisionError

    stream.subscribe(broken)
    stream.subscribe(seen.append)
    stream.emit(RigOpened(rig="r", directory="/d"))
    assert len(seen) == 1
    assert "a listener failed on RigOpened" in caplog.text


def test_errors_carry_fields_and_say_whose_fault_it_was() -> None:
    error = DeadlineExceeded("shop", wanted="an answer", seen="silence", within=2, log_tail="bye\n")
    assert (error.who, error.wanted, error.seen, error.within) == ("shop", "an answer", "silence", 2)
    assert str(error) == ("shop: waited 2 s for an answer\n  last seen: silence\n  last lines of its log:\n    | bye")
    lacking = Unavailable("docker", reason="no daemon", remedy="start one")
    assert str(lacking) == "docker: no daemon\n  what to do: start one"
    failed = StartFailed("rig", {"a": error, "b": lacking}, stopped=["c"])
    assert "2 service(s) did not start" in str(failed)
    assert "\n  b: docker: no daemon" in str(failed)
    assert str(failed).endswith("stopped again: c")
    assert all(isinstance(each, MetricrigError) for each in (error, lacking, failed, UsageError("x")))


def test_copies_keep_permissions_links_and_contents(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep/er").mkdir(parents=True)
    (source / "deep/er/file").write_bytes(os.urandom(300_000))
    (source / "deep/er/file").chmod(0o640)
    (source / "empty").touch()
    (source / "link").symlink_to("deep/er/file")
    source.chmod(0o700)
    copy_tree(source, tmp_path / "copy", owner=None)
    copied = tmp_path / "copy"
    assert (copied / "deep/er/file").read_bytes() == (source / "deep/er/file").read_bytes()
    assert (copied / "deep/er/file").stat().st_mode & 0o777 == 0o640
    assert (copied / "empty").stat().st_size == 0
    assert (copied / "link").readlink() == Path("deep/er/file")
    assert copied.stat().st_mode & 0o777 == 0o700
    with pytest.raises(FileExistsError):
        copy_tree(source, copied, owner=None)
