"""The API as a client uses it: what the tests ask, and what they read of the answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol, Self

from metricrig import Timeline

JSON = {"Content-Type": "application/json"}
FIELDS = {
    "volume": "inference_volume_by_status { name: status %s }",
    "percentiles": "response_time_percentiles { name: percentile %s }",
    "average": "average_response_time",
    "e2e_percentiles": "e2e_response_time_percentiles { name: percentile %s }",
    "e2e_average": "average_e2e_response_time",
}
OVER = """query ($model: String!, $start: DateTime!, $end: DateTime!, $step: Int!) {
  range_model_metrics(model_version_id: $model, start: $start, end: $end, step: $step) { times, answer: FIELD } }"""
AT = """query ($model: String!, $at: DateTime!, $window: Int!) {
  instant_model_metrics(model_version_id: $model, at: $at, window: $window) { answer: FIELD } }"""
BILL = """query ($org: String!, $start: DateTime!, $end: DateTime!) {
  billing_metrics(org: $org, start: $start, end: $end) {
    model_version_id instance_type requests tokens gpu_minutes } }"""


class Answer(Protocol):
    """What httpx answers, or whoever else posts."""

    @property
    def status_code(self) -> int: ...

    @property
    def text(self) -> str: ...

    def json(self) -> Any: ...


class Posts(Protocol):
    """The application in this process, or over the network."""

    def post(self, path: str, /, *, content: str, headers: dict[str, str]) -> Answer: ...


@dataclass(frozen=True)
class Api:
    """Of somebody who has a token. Moments are seconds from the start of ``grid``."""

    http: Posts
    grid: Timeline
    token: str | None
    model: str = "m1"

    def of(self, **changed: Any) -> Self:
        """The same for somebody else, another model or another grid."""
        return replace(self, **changed)

    def over(self, field: str, *, start: float = 0, end: float | None = None, step: int = 30) -> Any:
        """A range query: a list, or one for each name."""
        last = self.grid.end - self.grid.start if end is None else end
        asked = {"model": self.model, "start": self.time(start), "end": self.time(last), "step": step}
        found = self.data(OVER.replace("FIELD", FIELDS[field].replace("%s", "values")), **asked)["range_model_metrics"]
        assert len(found["times"]) == (last - start) // step + 1
        return _named(found["answer"], "values")

    def at(self, field: str, moment: float, *, window: int = 30) -> Any:
        """An instant query: a number, or one for each name."""
        asked = {"model": self.model, "at": self.time(moment), "window": window}
        found = self.data(AT.replace("FIELD", FIELDS[field].replace("%s", "value")), **asked)["instant_model_metrics"]
        return _named(found["answer"], "value")

    def bill(self, start: float, end: float, org: str = "acme") -> dict[tuple[str, str], tuple[int, int, float]]:
        """Requests, tokens and GPU-minutes by model version and instance type."""
        found = self.data(BILL, org=org, start=self.time(start), end=self.time(end))["billing_metrics"]
        return {
            (line["model_version_id"], line["instance_type"]): (line["requests"], line["tokens"], line["gpu_minutes"])
            for line in found
        }

    def data(self, query: str, **variables: Any) -> Any:
        """The answer to a question that is answered."""
        answer = self.asked(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def refusal(self, query: str, **variables: Any) -> tuple[str, str]:
        """The code and the message of the one error of a question that is refused."""
        answer = self.asked(query, **variables)
        (error,) = answer["errors"]
        assert answer["data"] is None
        return error["extensions"]["code"], error["message"]

    def asked(self, query: str, **variables: Any) -> Any:
        """The whole answer."""
        authorization = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        body = json.dumps({"query": query, "variables": variables})
        answer = self.http.post("/graphql", content=body, headers={**JSON, **authorization})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def time(self, seconds: float) -> str:
        """As it is written in a query."""
        return datetime.fromtimestamp(self.grid.start + seconds, UTC).isoformat()


def _named(answer: Any, value: str) -> Any:
    several = isinstance(answer, list) and answer and isinstance(answer[0], dict)
    return {each["name"]: each[value] for each in answer} if several else answer
