from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from metricrig._core import ports


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
        bind(reservation.port)
    reservation.release()
    reservation.release()
    assert not reservation.held
    bind(reservation.port)


def bind(port: int) -> None:
    with socket.socket() as other:
        other.bind((ports.LOOPBACK, port))


def test_a_listener_is_found_and_named() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert ports.foreign_listener([port], [os.getpid()]) is None
        found = ports.foreign_listener([port], [])
        assert found is not None
        assert found.pid == os.getpid()
        assert str(found) == f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
    assert ports.foreign_listener([port], []) is None
