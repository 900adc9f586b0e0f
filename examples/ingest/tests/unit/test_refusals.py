"""Answers that a real store gives only now and then: from one that says them when told to."""

from __future__ import annotations

import pytest
from ingest import Overloaded, Patience, Rejected, Sample, Writer
from programs import SUCCESS, run_ingest
from receiver import Answer, Receiver

QUICK = Patience(timeout=5, within=0.5)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_overloaded_store_gets_the_sample_in_the_end(receiver: Receiver, status: int) -> None:
    receiver.answers = [Answer(status), Answer(status)]
    done = run_ingest(receiver.url, "orders_total", 100, "--verbose")
    assert (done.returncode, done.stdout) == (0, SUCCESS)
    assert done.stderr.count("; again in ") == 2
    first, _, last = receiver.requests
    assert first == last  # the same time too: a sample that was taken after all is not there twice


def test_the_sample_arrives_as_it_was_given(receiver: Receiver) -> None:
    assert run_ingest(receiver.url, "orders_total", 2.5, "--label", "b=c=d", "--label", "a=x").returncode == 0
    (series,) = receiver.requests[0].timeseries
    assert [(each.name, each.value) for each in series.labels] == [
        ("__name__", "orders_total"),
        ("a", "x"),
        ("b", "c=d"),
    ]
    assert [each.value for each in series.samples] == [2.5]


def test_a_store_that_says_when_is_not_bothered_before(receiver: Receiver) -> None:
    receiver.answers = [Answer(429, retry_after="1")]
    with Writer(receiver.url) as writer:
        writer.write(Sample("orders_total", 1))
    first, second = receiver.moments
    assert second - first >= 1


def test_one_that_stays_overloaded_is_given_up_with_its_last_words(receiver: Receiver) -> None:
    receiver.answers = [Answer(429, "slow down")] * 100
    with (
        Writer(receiver.url, QUICK) as writer,
        pytest.raises(Overloaded, match=r"answered 429: slow down \(\d tries in"),
    ):
        writer.write(Sample("orders_total", 1))
    assert 2 <= len(receiver.requests) <= 7


def test_the_exit_code_says_that_it_was_overloaded(receiver: Receiver) -> None:
    receiver.answers = [Answer(429, "slow down")] * 100
    done = run_ingest(receiver.url, "orders_total", 100, "--within", "0.3")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith(f"ingest: {receiver.url}/api/v1/write answered 429: slow down (")


@pytest.mark.parametrize("status", [400, 404, 301])
def test_a_refusal_is_not_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [Answer(status, "no")]
    with Writer(receiver.url) as writer, pytest.raises(Rejected, match=f"answered {status}: no"):
        writer.write(Sample("orders_total", 1))
    assert len(receiver.requests) == 1


def test_a_pause_that_would_be_too_long_is_not_begun(receiver: Receiver) -> None:
    receiver.answers = [Answer(429, retry_after="3600")]
    with Writer(receiver.url) as writer, pytest.raises(Overloaded, match=r"\(1 try in 0\.\d s\)"):
        writer.write(Sample("orders_total", 1))


def test_nobody_there_is_told_after_some_tries() -> None:
    done = run_ingest("http://127.0.0.1:1", "orders_total", 1, "--within", "0.5", "--verbose")
    assert (done.returncode, done.stdout) == (3, "")
    *tries, last = done.stderr.splitlines()
    assert all("; again in " in each for each in tries)
    assert len(tries) >= 1
    assert last.startswith("ingest: http://127.0.0.1:1/api/v1/write cannot be reached: ")
    assert "Connection refused" in last
