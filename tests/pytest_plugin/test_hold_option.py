"""``--rig-hold``: somebody looks at a failed test's servers before they go."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.sessions import XDIST
from support.suites import Suite, recorded
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.suites import Runs

TESTS = """
    def test_passes(redis_server):
        pass

    def test_fails(redis_server):
        print("captured")
        raise ValueError("too expensive")

    def test_next(redis_server):
        pass
"""

HOLDING = Suite(files={"test_it": TESTS}, words=("--rig-hold", "--color=no"))


class Terminal:
    """The person's side of a session in a terminal."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.text = ""

    def read_until(self, pattern: str) -> str:
        """What is on the screen when the pattern has come."""
        while not re.search(pattern, self.text):
            try:
                more = os.read(self._handle, 10000)
            except OSError:  # nobody is there any more
                more = b""
            assert more, f"no {pattern!r} in {self.text}"
            self.text += more.decode()
        return self.text

    def type(self, text: str) -> None:
        """As on a keyboard."""
        os.write(self._handle, text.encode())


@contextlib.contextmanager
def in_terminal(directory: Path) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    HOLDING.write(directory)
    ours, theirs = pty.openpty()
    environment = HOLDING.environment(directory)
    with subprocess.Popen(
        HOLDING.command(), cwd=directory, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as session:
        os.close(theirs)
        try:
            yield Terminal(ours), session
        finally:
            os.close(ours)
            session.kill()


def test_a_failed_test_is_held_until_enter_and_its_server_is_reachable(tmp_path: Path) -> None:
    with in_terminal(tmp_path) as (terminal, session):
        text = terminal.read_until("press Enter to go on ")
        assert "test_it.py::test_fails failed: ValueError: too expensive" in text
        address = re.search(r"redis ready redis://127\.0\.0\.1:(\d+)/0  (/\S+)", text)
        assert address is not None, text
        with socket.create_connection(("127.0.0.1", int(address[1]))) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100) == b"+PONG\r\n"
        assert os.path.isdir(address[2])  # noqa: PTH112 - as it is on the screen
        terminal.type("\n")
        terminal.read_until("1 failed, 2 passed")
        assert session.wait(100) == pytest.ExitCode.TESTS_FAILED
    assert not os.path.exists(address[2])  # noqa: PTH110 - see above
    assert [each["outcome"] for each in recorded(tmp_path) if each["when"] == "call"] == ["passed", "failed", "passed"]


def test_control_c_ends_the_session_and_its_servers(tmp_path: Path) -> None:
    with in_terminal(tmp_path) as (terminal, session):
        text = terminal.read_until("press Enter to go on ")
        session.send_signal(2)
        terminal.read_until("KeyboardInterrupt")
        assert session.wait(100) == pytest.ExitCode.INTERRUPTED
    address = re.search(r"redis ready redis://127\.0\.0\.1:(\d+)/0  (/\S+)", text)
    assert address is not None
    eventually(lambda: not os.path.exists(address[2]))  # noqa: PTH110 - as it is on the screen


def test_without_a_terminal_nothing_is_held(run: Runs) -> None:
    """Nobody can press Enter."""
    ran = run.suite(HOLDING)
    assert ran.outcomes() == {"test_passes": "passed", "test_fails": "failed", "test_next": "passed"}
    assert "(not held: the input has ended, nobody can press Enter)" in ran.out


def test_a_parallel_run_cannot_be_held(run: Runs) -> None:
    ran = run.suite(Suite(files={"test_it": TESTS}, words=("--rig-hold", "-n", "2"), plugins=(XDIST,)))
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert "--rig-hold waits for a person, so it cannot be used with -n; leave one of them out" in ran.out
