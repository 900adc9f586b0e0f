"""Turns at one Memcached."""

from __future__ import annotations

import socket

import pytest
from support.sharing import line, other_process

from metricrig import MetricrigError, Rig, UsageError
from metricrig.services import Memcached


def say(connection: socket.socket, words: str) -> str:
    connection.sendall(words.encode() + b"\r\n")
    return connection.recv(4096).decode()


def test_what_was_set_just_before_is_gone_and_what_is_set_just_after_stays(rig: Rig) -> None:
    """flush_all counts in seconds, but a hundred times within few of them it leaves and takes the right items."""
    memcached = rig.add(Memcached())
    rig.start()
    with socket.create_connection((memcached.host, memcached.port), 5) as connection:
        for n in range(100):
            with memcached.isolated():
                assert say(connection, "get old new") == "END\r\n", n
                assert say(connection, "set new 0 0 1\r\na") == "STORED\r\n"
                assert say(connection, "get new") == "VALUE new 0 1\r\na\r\nEND\r\n", n
                assert say(connection, "set old 0 0 1\r\na") == "STORED\r\n"


def test_there_is_one_turn_at_a_time(rig: Rig) -> None:
    memcached = rig.add(Memcached())
    rig.start()
    with memcached.isolated() as turn:
        assert turn.url == memcached.url
        assert turn.inside.url == memcached.inside.url
        assert repr(turn) == f"<MemcachedTurn turn of memcached open 127.0.0.1:{memcached.port}>"
        with pytest.raises(UsageError, match="has no namespaces, and process"):
            memcached.isolated()
        with other_process(memcached, "try: server.isolated()\nexcept Exception as error: say(error)") as other:
            assert "has no namespaces" in line(other)
    turn.close()
    with other_process(memcached, "turn = server.isolated()\nsay('mine')\nsys.stdin.readline()") as other:
        assert line(other) == "mine"
        with pytest.raises(UsageError, match=f"process {other.pid} has it"):
            memcached.isolated()
        other.kill()
        other.wait()
        memcached.isolated().close()


def test_without_unique_numbers_it_is_refused(rig: Rig) -> None:
    memcached = rig.add(Memcached(args=["-C"]))
    rig.start()
    for _ in range(2):
        with pytest.raises(UsageError, match="runs without CAS"):
            memcached.isolated()


def test_a_server_that_is_gone_is_named_and_gives_the_turn_back(rig: Rig) -> None:
    memcached = rig.add(Memcached())
    rig.start()
    memcached.kill()
    with pytest.raises(MetricrigError, match="memcached: nobody listens"):
        memcached.isolated()
    memcached.start()
    memcached.isolated().close()
