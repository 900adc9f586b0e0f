"""A process's conversation with its janitor: nobody waits for ever, whatever the other side does."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import sleeper
from support.waiting import eventually

from metricrig import DeadlineExceeded, Rig, StartFailed
from metricrig._core.process_id import ProcessId, state_of
from metricrig.janitor.channel import QUEUE_LIMIT, Channel
from metricrig.janitor.client import janitor
from metricrig.janitor.errors import JanitorUnresponsive
from metricrig.janitor.protocol import GREETING, MessageBuffer, encode
from metricrig.janitor.server.members import UNREAD_LIMIT, UNREAD_MOST, JanitorMember
from metricrig.sharing import SharedRig

LONG = 25.0
"""Seconds in which what has a deadline of two has ended on a machine however slow; without one it takes 30 and more."""


@contextlib.contextmanager
def stopped_janitor() -> Iterator[int]:
    """This process's janitor does nothing within the block."""
    pid = janitor().pid
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: state_of(pid) == "T")
        yield pid
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_thousand_services_start_and_stop_although_the_janitor_is_stopped_meanwhile() -> None:
    with Rig("thousand") as rig:
        for number in range(1000):
            rig.add(sleeper(f"s{number}", start_within=100))
        pid = janitor().pid
        os.kill(pid, signal.SIGSTOP)
        resuming = threading.Timer(3, os.kill, [pid, signal.SIGCONT])
        resuming.start()
        rig.start()
        assert {each.state for each in rig} == {"ready"}
        pids = {each.pid for each in rig}
        assert len(pids) == 1000
        rig.stop(within=60)
    assert not any(_alive(pid) for pid in pids)
    assert not rig.directory.exists()


def test_more_than_a_socket_holds_goes_both_ways_at_once() -> None:
    """Each side writes megabytes before it reads anything of what the other has written."""
    ours, theirs = socket.socketpair()
    channel, member = Channel(ours), JanitorMember(theirs.detach())
    words = "x" * 10_000
    for _ in range(500):
        assert channel.send({"words": words}, within=0)
        member.say({"words": words})
    heard = said = 0
    while heard < 500 or said < 500:
        said += len(channel.receive() or []) if said < 500 else 0
        member.flush()
        heard += len(member.hear() or [])
    assert channel.flush(within=10)
    member.leave()
    channel.close()


def test_a_sender_waits_for_room_only_as_long_as_it_wants() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    big = {"words": "x" * (QUEUE_LIMIT // 4)}
    while channel.send(big, within=0):
        pass
    assert not channel.flush(within=0.01)
    theirs.close()
    with pytest.raises(OSError):  # noqa: PT011 - which one, the kernel decides
        eventually(lambda: channel.send(big, within=0.01))
    channel.close()


def test_a_member_that_never_reads_is_told_without_waiting_and_given_up_at_last() -> None:
    ours, theirs = socket.socketpair()
    member = JanitorMember(theirs.detach())
    assert member.listens
    while member.listens:
        member.say({"words": "x" * (UNREAD_LIMIT // 8)})
    assert not member.hopeless
    while not member.hopeless:
        member.say({"words": "x" * (UNREAD_MOST // 8)})
    member.leave()
    ours.close()


def test_a_member_that_never_reads_does_not_keep_a_shared_janitor_from_the_others(tmp_path: Path) -> None:
    shared_rig = SharedRig.join("deaf", data=tmp_path, run="this", owner=ProcessId.of(os.getpid()), linger=0)
    deaf = _connection(shared_rig.directory)
    asked = encode({"op": "attach", "seq": 1, "pid": 1})
    deaf.settimeout(0)
    with contextlib.suppress(BlockingIOError):  # until not even its questions are read any more
        while True:
            deaf.send(asked * 100)
    assert shared_rig.server(sleeper()).state == "ready"
    deaf.close()
    shared_rig.dismiss()


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 100,
        GREETING + b"\x00\x00\x00\x04what",
        GREETING + b"\xff\xff\xff\xff" * 10,
        GREETING + encode({"op": "spawn", "seq": 1}),
        GREETING + encode({"op": "no such order"}),
        GREETING + encode({"op": "open", "rig": "r", "directory": "/nowhere", "record": 7}),
        GREETING + encode({"op": 7, "seq": "x"}),
        GREETING + encode({"op": "signal", "seq": 1, "mark": [], "how": {}, "signal": None}),
        GREETING + b"\x00\x00\x00\x05i\x00\x00\x00\x00",
        GREETING + (b"\x00\x00\x00\x03i\x00\x00"),
    ],
)
def test_whoever_talks_nonsense_at_the_door_is_sent_away_and_the_others_stay(said: bytes, tmp_path: Path) -> None:
    shared_rig = SharedRig.join("open", data=tmp_path, run="this", owner=ProcessId.of(os.getpid()), linger=0)
    server = shared_rig.server(sleeper())
    with _connection(shared_rig.directory, greeting=b"") as stranger:
        stranger.settimeout(30)
        stranger.sendall(said)
        with contextlib.suppress(ConnectionResetError):
            assert stranger.recv(1) == b""
    server.restart()
    assert server.state == "ready"
    shared_rig.dismiss()


def test_a_start_keeps_its_deadline_although_the_janitor_is_stopped(rig: Rig) -> None:
    instance = rig.add(sleeper(start_within=2))
    janitor()
    with stopped_janitor() as pid:
        began = time.monotonic()
        with pytest.raises(StartFailed, match=rf"janitor \(pid {pid}\).*\n.*stopped by a signal \(state T\)") as caught:
            rig.start()
        assert time.monotonic() - began < LONG
        (why,) = caught.value.failures.values()
        assert isinstance(why, JanitorUnresponsive)
        assert (why.pid, why.state) == (pid, "T")
    rig.start()
    assert instance.state == "ready"


def test_a_stop_keeps_its_deadline_although_the_janitor_is_stopped(rig: Rig) -> None:
    instances = [rig.add(sleeper(f"s{number}")) for number in range(3)]
    rig.start()
    with stopped_janitor():
        began = time.monotonic()
        with pytest.raises(JanitorUnresponsive):
            rig.stop(within=2)
        assert time.monotonic() - began < LONG
    rig.stop(within=10)
    assert {each.state for each in instances} == {"stopped"}


def test_a_command_keeps_its_deadline_although_the_janitor_is_stopped(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    with stopped_janitor():
        began = time.monotonic()
        with pytest.raises(JanitorUnresponsive):
            instance.run(["true"], within=2)
        assert time.monotonic() - began < LONG
    assert instance.run(["echo", "again"]).out == "again\n"


def test_that_a_janitor_does_not_answer_is_a_deadline_of_its_own_kind() -> None:
    error = JanitorUnresponsive("spawn", pid=os.getpid(), within=2)
    assert isinstance(error, DeadlineExceeded)
    assert str(os.getpid()) in str(error)
    assert "state" in str(error)


def test_a_process_that_ends_has_its_stopped_janitor_go_on_and_clean_up(tmp_path: Path) -> None:
    code = """
        import os, signal
        from metricrig import Rig, Service
        from metricrig.janitor.client import janitor
        rig = Rig("leaving")
        rig.add(Service(name="s", command=["sleep", "1000"])); rig.start()
        os.kill(janitor().pid, signal.SIGSTOP)
        # nothing is closed: the end of the process has to do
        import atexit; from metricrig._core import at_exit; atexit.unregister(at_exit._close_all)
    """
    environment = {**os.environ, "METRICRIG_DATA": str(tmp_path)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, check=True, timeout=100)
    assert not list(tmp_path.glob("metricrig-*/*"))


def test_threads_that_open_rigs_while_the_process_ends_leave_no_directory(tmp_path: Path) -> None:
    code = """
        import threading, time
        from metricrig import Rig
        def open_rigs():
            try:
                while True:
                    Rig("opening").close()
            except BaseException: pass
        Rig("first")
        for _ in range(4): threading.Thread(target=open_rigs, daemon=True).start()
        print("open", flush=True)
        while True: time.sleep(0.05)  # signal.pause() would miss one that another thread has taken just before
    """
    environment = {**os.environ, "METRICRIG_DATA": str(tmp_path)}
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
        assert not list(tmp_path.glob("metricrig-*/*"))


def test_a_message_is_refused_that_no_process_of_ours_sends() -> None:
    reading, writing = os.pipe()
    inbox = MessageBuffer(reading, GREETING)
    seen = None
    for byte in GREETING + encode({"op": "a"}):
        os.write(writing, bytes([byte]))
        seen = inbox.receive()
    assert seen == [{"op": "a"}]
    os.close(reading)
    os.close(writing)


def _connection(directory: Path, greeting: bytes = GREETING) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    descriptor = os.open(directory, os.O_RDONLY)
    connection.connect(f"/proc/self/fd/{descriptor}/janitor.sock")
    os.close(descriptor)
    connection.sendall(greeting)
    return connection


def _alive(pid: int) -> bool:
    return state_of(pid) not in {"X", "Z"}
