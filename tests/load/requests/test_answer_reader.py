"""Answers are read to their end, in whatever framing and however they are cut into pieces."""

from __future__ import annotations

import pytest

from metricrig._core.http.errors import NotHttp
from metricrig.load.requests.answer_reader import AnswerReader

WHOLE = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: yes\r\n\r\n",
]


@pytest.mark.parametrize("answer", WHOLE)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_it_is_complete_with_its_last_byte_and_not_before(answer: bytes, size: int) -> None:
    reader = AnswerReader(bodiless=False)
    pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
    assert [reader.feed(each) for each in pieces] == [False] * (len(pieces) - 1) + [True]
    assert reader.head is not None
    assert reader.head.status in {200, 204}
    assert not reader.beyond


@pytest.mark.parametrize("answer", WHOLE)
def test_what_comes_beyond_it_is_noticed(answer: bytes) -> None:
    reader = AnswerReader(bodiless=False)
    assert reader.feed(answer + b"HTTP")
    assert reader.beyond == b"HTTP"


def test_any_number_of_interim_answers_comes_before_the_real_one() -> None:
    assert AnswerReader(bodiless=False).feed(b"HTTP/1.1 100 Continue\r\n\r\n" * 5000 + WHOLE[0])


def test_an_answer_to_head_has_no_body() -> None:
    assert AnswerReader(bodiless=True).feed(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")


def test_one_without_a_length_ends_with_its_connection() -> None:
    reader = AnswerReader(bodiless=False)
    assert not reader.feed(b"HTTP/1.0 200 OK\r\n\r\nso much")
    assert not reader.feed(b" and more")
    assert reader.ends_with_connection


@pytest.mark.parametrize(
    "said",
    [
        b"220 ready\r\n\r\n",
        b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 9000,
    ],
)
def test_what_is_no_answer_is_refused(said: bytes) -> None:
    with pytest.raises(NotHttp):
        AnswerReader(bodiless=False).feed(said)
