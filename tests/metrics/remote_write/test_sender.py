"""Receivers of every temper: nothing is lost without an error, and nothing is sent twice without need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support.receiver import Handler, broken, hanging, receiving, status
from support.waiting import with_time

from metricrig import MetricrigError
from metricrig.metrics.http.client import HttpAnswer, Server
from metricrig.metrics.remote_write import Body, Sender, WriteRejected, WriteUncertain
from metricrig.metrics.remote_write.body_batches import bodies
from metricrig.metrics.remote_write.retry import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Delivered,
    GiveUp,
    RetryDelay,
    TryAgain,
    judge,
    retry_after,
)
from metricrig.metrics.timeline import Block, Metadata

OK = status(204)


def some(count: int) -> Iterator[Body]:
    return (Body(number, b"body %d" % number, 10, 1, {}) for number in range(1, count + 1))


def send(url: str, bodies: Iterator[Body], **options: Any) -> Any:
    server = Server(url)
    try:
        return Sender(server, **options).send(bodies)
    finally:
        server.close()


def test_each_is_sent_once_and_counted() -> None:
    with receiving(OK) as receiver:
        done = send(receiver.url, some(20))
        assert (done.samples, done.requests) == (200, 20)
        assert sorted(receiver.got) == sorted(body.data for body in some(20))


def test_no_more_than_two_are_in_flight_and_none_is_made_long_before() -> None:
    made: list[int] = []
    arrived = threading.Semaphore(0)
    gate = threading.Event()

    def reply(handler: Handler) -> None:
        arrived.release()
        gate.wait(60)
        OK(handler)

    def lazily() -> Iterator[Body]:
        for body in some(10):
            made.append(body.number)
            yield body

    with receiving(reply) as receiver:
        sending = threading.Thread(target=send, args=(receiver.url, lazily()))
        sending.start()
        assert arrived.acquire(timeout=60)
        assert arrived.acquire(timeout=60)
        assert len(made) <= 5
        gate.set()
        sending.join(60)
        assert (len(receiver.got), receiver.most_at_once) == (10, 2)


@pytest.mark.parametrize("number", [400, 404, 413])
def test_a_refusal_is_not_repeated(number: int) -> None:
    with receiving(OK, status(number, "out of order sample"), OK) as receiver:
        with pytest.raises(WriteRejected, match="out of order sample") as caught:
            send(receiver.url, some(5), connections=1)
        error = caught.value
        assert (error.status, error.body, error.delivered) == (number, "out of order sample", 10)
        assert error.batch.startswith("batch 2 ")
        assert receiver.got == [b"body 1", b"body 2"]


@pytest.mark.parametrize("number", [429, 500, 503])
def test_a_busy_receiver_is_asked_again(number: int) -> None:
    with receiving(status(number, "busy", Retry_After="0"), status(number), OK) as receiver:
        assert send(receiver.url, some(1)).samples == 10
        assert receiver.got == [b"body 1"] * 3


def test_a_receiver_that_is_busy_for_longer_than_we_may_wait_is_an_error_at_once() -> None:
    with receiving(status(503, "later", Retry_After="60")) as receiver:
        with pytest.raises(WriteRejected, match="another try in 60 s would be too late"):
            send(receiver.url, some(3), within=30)
        assert len(receiver.got) <= 2


def test_a_receiver_that_stays_busy_ends_with_the_deadline() -> None:
    with receiving(status(503, "never")) as receiver:

        def sent(within: float) -> MetricrigError:
            with pytest.raises((WriteRejected, WriteUncertain)) as caught:
                send(receiver.url, some(1), within=within)
            return caught.value

        error = with_time(sent, lambda _: len(receiver.got) > 3)
        assert isinstance(error, WriteRejected)
        assert "never" in str(error)
        assert error.status == 503
        assert len(receiver.got) > 3


@pytest.mark.parametrize("misbehaving", [broken, hanging])
def test_a_request_without_an_answer_is_not_repeated(misbehaving: Any) -> None:
    def sent(within: float) -> tuple[int, list[bytes]]:
        with receiving(OK, misbehaving, OK) as receiver:
            with pytest.raises(WriteUncertain, match="may have been written or not") as caught:
                send(receiver.url, some(5), connections=1, within=within)
            return caught.value.delivered, receiver.got

    assert with_time(sent, lambda seen: seen[0] > 0) == (10, [b"body 1", b"body 2"])


def test_a_broken_request_is_repeated_where_duplicates_do_no_harm() -> None:
    with receiving(broken, OK) as receiver:
        assert send(receiver.url, some(1), idempotent=True).samples == 10
        assert receiver.got == [b"body 1"] * 2


def test_nobody_there_is_an_error_that_says_so() -> None:
    with receiving(OK) as receiver:
        url = receiver.url
    with pytest.raises(WriteRejected, match=r"was not sent(.|\n)*is the server running"):
        send(url, some(3))


def test_a_failure_ends_the_retries_of_the_others() -> None:
    with receiving(status(503, "busy", Retry_After="20"), status(400, "no")) as receiver:
        with pytest.raises(WriteRejected):
            send(receiver.url, some(2), within=60)
        assert len(receiver.got) == 2


def test_an_error_while_encoding_is_told_after_what_was_in_flight() -> None:
    def failing() -> Iterator[Body]:
        yield from some(2)
        raise RuntimeError("no more")

    with receiving(OK) as receiver:
        with pytest.raises(RuntimeError, match="no more"):
            send(receiver.url, failing())
        assert len(receiver.got) == 2


def test_version_2_counts_only_what_the_receiver_counted() -> None:
    written = {"X-Prometheus-Remote-Write-Samples-Written": "10"}
    with receiving(status(204, **written)) as receiver:
        assert send(receiver.url, some(2), version=2).samples == 20
    with receiving(OK) as receiver, pytest.raises(WriteRejected, match="dropped the samples"):
        send(receiver.url, some(1), version=2)
    fewer = status(204, **{"X-Prometheus-Remote-Write-Samples-Written": "7"})
    with receiving(fewer) as receiver, pytest.raises(WriteRejected, match="7 of 10"):
        send(receiver.url, some(1), version=2)


def test_a_receiver_that_does_not_take_version_2_gets_version_1() -> None:
    labels = [{"__name__": "a", "job": f"é{number}"} for number in range(300)]
    times = np.arange(3, dtype=np.int64) + 1_704_067_200_000
    metadata = [Metadata("counter", f"help {number}") for number in range(300)]
    block = Block(labels, times, np.ones((300, 3)), np.ones((300, 3), bool), metadata)
    newer, older = (list(bodies([block], version=version, samples=200)) for version in (2, 1))
    with receiving(status(415, "unsupported"), OK) as receiver:
        done = send(receiver.url, iter(newer), version=2, connections=1)
    assert (done.samples, done.requests) == (900, len(older))
    assert receiver.got == [newer[0].data, *(body.data for body in older)]


def test_version_1_is_not_taken_for_an_older_one() -> None:
    with receiving(status(415, "no")) as receiver, pytest.raises(WriteRejected, match="no"):
        send(receiver.url, some(1))


def test_pauses_grow_are_bounded_and_are_the_same_for_a_seed() -> None:
    delay, again, other = (RetryDelay(seed) for seed in (1, 1, 2))
    pauses = [delay.next() for _ in range(30)]
    assert pauses == [again.next() for _ in range(30)]
    assert pauses != [other.next() for _ in range(30)]
    for number, pause in enumerate(pauses):
        whole = min(FIRST_PAUSE_SECONDS * 2**number, LONGEST_PAUSE_SECONDS)
        assert whole / 2 <= pause <= whole


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("", None),
        ("3", 3.0),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:16:50 GMT", 10.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_the_pause_that_is_asked_for(said: str, pause: float | None) -> None:
    assert retry_after({"retry-after": said}, now=1000) == pause


@pytest.mark.parametrize(
    ("number", "verdict"),
    [(200, Delivered), (204, Delivered), (301, GiveUp), (400, GiveUp), (429, TryAgain), (502, TryAgain)],
)
def test_what_is_done_after_an_answer(number: int, verdict: type) -> None:
    answer = HttpAnswer(number, {}, b"")
    assert isinstance(judge(answer, samples=1, version=1, pause=1, left=9, now=0), verdict)
