"""What somebody may post."""

from __future__ import annotations

import json

import pytest
from ingest import InvalidSample, Sample
from ingest.posted import sample_from


def test_all_fields_are_taken() -> None:
    posted = {"metric": "a", "value": 2, "labels": {"b": "c"}, "timestamp": 1.5}
    assert sample_from(json.dumps(posted).encode()) == Sample("a", 2.0, {"b": "c"}, 1500)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"1",
        b"{}",
        b"[" * 60_000,
        b'{"metric": "a"}',
        b'{"metric": 1, "value": 1}',
        b'{"metric": "a", "value": "1"}',
        b'{"metric": "a", "value": true}',
        b'{"metric": "a", "value": 1' + b"0" * 400 + b"}",
        b'{"metric": "a", "value": 1, "labels": []}',
        b'{"metric": "a", "value": 1, "labels": {"b": 1}}',
        b'{"metric": "a", "value": 1, "timestamp": "now"}',
        b'{"metric": "a", "value": NaN}',
        b'{"metric": "a", "value": 1, "timestamp": Infinity}',
        b'{"metric": "a", "value": 1, "labels": {"b": "\\ud800"}}',
    ],
)
def test_nothing_that_is_posted_is_worse_than_an_invalid_sample(body: bytes) -> None:
    with pytest.raises(InvalidSample):
        sample_from(body)
