"""An organization sees its own numbers alone, whatever names are given to things."""

from __future__ import annotations

import json

import pytest
from api import AT, BILL, OVER, Api
from hostile import HOSTILE, ids
from in_process import InProcess

from metricrig import Timeline


def test_each_sees_its_own_of_two_models_of_one_name(api: Api, rivals: Timeline) -> None:
    assert api.at("volume", 60)["2xx"] == 2.0
    assert api.of(token="rival-token").at("volume", 60)["2xx"] == 200.0
    assert api.bill(0, 300) == {("m1", "a100"): (1, 0, 0.0)}
    assert set(api.of(token="rival-token").bill(0, 300, org="rival")) == {("m1", "a100"), ("secret", "a100")}


@pytest.mark.parametrize("token", [None, "", "wrong", "acme-token ", "ACME-TOKEN", "acme"])
def test_without_a_token_of_somebody_nothing_is_told(api: Api, rivals: Timeline, token: str | None) -> None:
    asked = {"model": "m1", "at": api.time(60), "window": 30}
    code, message = api.of(token=token).refusal(AT.replace("FIELD", "average_response_time"), **asked)
    assert (code, message) == ("UNAUTHENTICATED", "send the token of your organization: Authorization: Bearer <token>")
    asked = {"org": "acme", "start": api.time(0), "end": api.time(300)}
    assert api.of(token=token).refusal(BILL, **asked)[0] == "UNAUTHENTICATED"


def test_another_scheme_is_no_token(api: Api, http: InProcess) -> None:
    period = f'start: "{api.time(0)}", end: "{api.time(300)}"'
    body = json.dumps({"query": f'{{ billing_metrics(org: "acme", {period}) {{ requests }} }}'})
    headers = {"Content-Type": "application/json", "Authorization": "Basic acme-token"}
    answer = http.post("/graphql", content=body, headers=headers).json()
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_anothers_bill_is_refused_like_that_of_nobody(api: Api, rivals: Timeline) -> None:
    asked = {"start": api.time(0), "end": api.time(300)}
    rivals_own, nobodys = (api.refusal(BILL, org=org, **asked) for org in ("rival", "nobody"))
    assert rivals_own == ("NOT_FOUND", "org: there is no organization 'rival' that you may see")
    assert nobodys == (rivals_own[0], rivals_own[1].replace("rival", "nobody"))


def test_anothers_model_is_refused_like_that_of_nobody(api: Api, rivals: Timeline) -> None:
    at = {"at": api.time(60), "window": 30}
    over = {"start": api.time(0), "end": api.time(300), "step": 30}
    for query, asked in ((AT, at), (OVER, over)):
        field = query.replace("FIELD", "average_response_time")
        secret, nobodys = (api.refusal(field, model=model, **asked) for model in ("secret", "nobodys"))
        assert secret == ("NOT_FOUND", "model_version_id: you have no model version 'secret'")
        assert nobodys == (secret[0], secret[1].replace("secret", "nobodys"))


@pytest.mark.parametrize("name", [*HOSTILE, "", "\ud800"], ids=ids)
def test_names_that_nobody_has_are_refused_without_a_query(api: Api, rivals: Timeline, name: str) -> None:
    asked = {"model": name, "at": api.time(60), "window": 30}
    assert api.refusal(AT.replace("FIELD", "average_response_time"), **asked)[0] == "NOT_FOUND"
    asked = {"org": name, "start": api.time(0), "end": api.time(300)}
    assert api.refusal(BILL, **asked)[0] == "NOT_FOUND"
