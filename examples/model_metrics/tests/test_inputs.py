"""Questions that make no sense are refused, each with what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from api import AT, BILL, OVER, Api

T0, T1 = "2024-01-01T10:00:00Z", "2024-01-01T10:05:00Z"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"start": T1, "end": T0}, "end: 2024-01-01T10:00:00+00:00 is before start, 2024-01-01T10:05:00+00:00"),
        ({"start": "2024-01-01T10:00:00"}, "start: 2024-01-01T10:00:00 has no time zone; write 2024-01-01T10:00:00Z"),
        ({"step": 0}, "step: 0 is not a positive number of seconds"),
        ({"step": -30}, "step: -30 is not a positive number of seconds"),
        ({"end": "2030-01-01T00:00:00Z"}, "points, and 11000 are the most; use a larger step"),
        ({"end": "9999-12-31T23:59:59Z"}, "is not between 1970-01-02 and 2200-01-01"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "is not between 1970-01-02 and 2200-01-01"),
    ],
)
def test_a_chart_has_a_period_and_a_step(api: Api, changed: dict[str, Any], message: str) -> None:
    asked = {"model": "m1", "start": T0, "end": T1, "step": 30, **changed}
    code, said = api.refusal(OVER.replace("FIELD", "average_response_time"), **asked)
    assert code == "BAD_INPUT"
    assert message in said


@pytest.mark.parametrize("changed", [{"window": 0}, {"window": -1}, {"at": "2024-01-01T10:00:00"}])
def test_a_moment_has_a_window_and_a_time_zone(api: Api, changed: dict[str, Any]) -> None:
    asked = {"model": "m1", "at": T0, "window": 30, **changed}
    assert api.refusal(AT.replace("FIELD", "average_response_time"), **asked)[0] == "BAD_INPUT"


def test_a_bill_has_a_period(api: Api) -> None:
    assert api.refusal(BILL, org="acme", start=T1, end=T0)[0] == "BAD_INPUT"


def test_other_time_zones_are_the_same_moments(api: Api) -> None:
    one, other = (
        api.data('query ($a: DateTime!) { range_model_metrics(model_version_id: "m1", start: $a, end: $a, step: 1)'
                 " { times } }", a=moment)
        for moment in ("2024-01-01T10:00:00Z", "2024-01-01T15:30:00+05:30")
    )  # fmt: skip
    assert one == other


def test_what_the_schema_does_not_know_is_said(api: Api) -> None:
    (error,) = api.asked("{ passwords }")["errors"]
    assert error["message"] == "Cannot query field 'passwords' on type 'Query'."
