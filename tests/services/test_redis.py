"""Databases of one Redis."""

from __future__ import annotations

import multiprocessing
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.sharing import line, other_process

from metricrig import DeadlineExceeded, MetricrigError, Rig, UsageError
from metricrig.services import Redis, RedisDatabase
from metricrig.services.resp_protocol import RedisRefusal, converse

USING = """
database = server.isolated()
say(database.number)
sys.stdin.readline()
"""


def say(database: RedisDatabase, *words: str) -> Any:
    select = ("SELECT", str(database.number))
    return converse("redis", (database.host, database.port), [select, words])[-1]


def test_twenty_databases_one_after_another_are_empty_and_one_number(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    numbers = set()
    for _ in range(20):
        with redis.isolated() as database:
            assert say(database, "DBSIZE") == 0
            say(database, "SET", "colour", "green")
            assert say(database, "GET", "colour") == "green"
            numbers.add(database.number)
    assert numbers == {1}


def test_databases_at_the_same_time_are_different(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with ThreadPoolExecutor(8) as threads:
        databases = [each.result() for each in [threads.submit(redis.isolated) for _ in range(40)]]
    assert sorted(each.number for each in databases) == list(range(1, 41))
    say(databases[0], "SET", "colour", "green")
    assert [say(each, "DBSIZE") for each in databases[:3]] == [1, 0, 0]


def test_a_database_has_addresses_and_says_what_it_is(rig: Rig) -> None:
    redis = rig.add(Redis(password=True))
    rig.start()
    database = redis.isolated()
    assert database.server is redis
    assert database.url == f"redis://:{redis.secret}@127.0.0.1:{redis.port}/1"
    assert database.inside.url == redis.inside.url.replace("/0", "/1")
    assert (database.host, database.port) == (redis.host, redis.port)
    assert repr(database) == f"<RedisDatabase 1 of redis open 127.0.0.1:{redis.port}>"
    database.close()
    database.close()
    assert "closed" in repr(database)
    assert [redis.isolated().number, redis.isolated().number] == [1, 2]


def test_another_process_has_other_databases_until_it_is_killed(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    assert redis.isolated().number == 1
    with other_process(redis, USING) as other:
        assert line(other) == "2"
        assert redis.isolated().number == 3
        other.kill()
        other.wait()
        assert redis.isolated().number == 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_has_other_databases(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    redis.isolated().close()
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    process = fork.Process(target=lambda: answers.put(redis.isolated().number))
    process.start()
    assert answers.get() == 2
    process.join()
    assert redis.isolated().number == 1


def test_databases_run_out_with_advice(rig: Rig) -> None:
    redis = rig.add(Redis(databases=3))
    rig.start()
    first = redis.isolated()
    redis.isolated()
    with pytest.raises(UsageError, match=r"has 3 databases, and all but 0 are in use.*Redis\(databases=6\)"):
        redis.isolated()
    first.close()
    assert redis.isolated().number == 1


def test_a_restarted_server_is_no_obstacle_and_one_that_is_gone_is_named(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    redis.isolated().close()
    redis.restart()
    with redis.isolated() as database:
        assert say(database, "SET", "a", "b") == "OK"
    redis.kill()
    with pytest.raises(MetricrigError, match=r"redis: nobody listens.*is it running"):
        redis.isolated()
    redis.start()
    with redis.isolated() as database:
        assert database.number == 1


def test_what_is_not_redis_or_does_not_answer_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()

        def answers(reply: bytes) -> None:
            with server.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(reply)

        cases: list[tuple[bytes, type[Exception], str]] = [
            (b"HTTP/1.1 400\r\n", MetricrigError, "does not speak Redis's protocol"),
            (b"", MetricrigError, "it closed the connection"),
            (b"-ERR no\r\n", RedisRefusal, "x answered PING with ERR no"),
        ]
        for reply, error, words in cases:
            with ThreadPoolExecutor(1) as threads:
                threads.submit(answers, reply)
                with pytest.raises(error, match=words):
                    converse("x", address, [("PING",)])


def test_a_frozen_server_is_waited_for_with_a_deadline(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    redis.isolated().close()
    monkeypatch.setattr(
        "metricrig.services.resp_protocol.connect", lambda address: socket.create_connection(address, 0.2)
    )
    redis.pause()
    with pytest.raises(DeadlineExceeded, match="answer to SELECT FLUSHDB"):
        redis.isolated()
    redis.resume()
    with redis.isolated() as database:
        assert database.number == 1
