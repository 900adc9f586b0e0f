"""Expressions and conditions, judged on pages: pure tables."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from metricrig import MetricrigError, UsageError
from metricrig.metrics.conditions.condition import Condition
from metricrig.metrics.conditions.expression import Expression
from metricrig.metrics.conditions.look import Look, Unknown
from metricrig.metrics.conditions.matchers import matches, not_, not_matches
from metricrig.metrics.conditions.promql_arithmetic import histogram_quantile
from metricrig.metrics.conditions.selection import metric
from metricrig.metrics.exposition import NotOneSample, Page

PAGE = """
x{code="200"} 3
x{code="204"} 4
x{code="500",why="db"} 5
one 7
nan NaN
n{a="1"} NaN
n{a="2"} 2
h_bucket{le="0.5"} 2
h_bucket{le="1.0"} 4
h_bucket{le="+Inf"} 5
h_bucket{path="b",le="0.5"} 0
h_bucket{path="b",le="1"} 0
h_bucket{path="b",le="+Inf"} 0
"""
LOOK = Look({None: Page(PAGE)})
BROKEN = Look({None: MetricrigError("connection refused")})


@pytest.mark.parametrize(
    ("expression", "text", "value"),
    [
        (metric("x", code="200"), 'metric("x", code="200")', 3),
        (metric("x", code=200).value(), 'metric("x", code="200").value()', 3),
        (metric("x").sum(), 'metric("x").sum()', 12),
        (metric("x").count(), 'metric("x").count()', 3),
        (metric("x").max(), 'metric("x").max()', 5),
        (metric("x").min(), 'metric("x").min()', 3),
        (metric("x").avg(), 'metric("x").avg()', 4),
        (metric("x", code=matches("2..")).sum(), 'metric("x", code=matches("2..")).sum()', 7),
        (metric("x", code=matches("2")).count(), 'metric("x", code=matches("2")).count()', 0),
        (metric("x", code=re.compile("20.")).sum(), 'metric("x", code=matches("20.")).sum()', 7),
        (metric("x", code=not_("200")).sum(), 'metric("x", code=not_("200")).sum()', 9),
        (metric("x", code=not_matches("2..")).sum(), 'metric("x", code=not_matches("2..")).sum()', 5),
        (metric("x", why="").sum(), 'metric("x", why="").sum()', 7),
        (metric("x", **{"a.b": ""}).sum(), 'metric("x", **{"a.b": ""}).sum()', 12),
        (metric("y").count(), 'metric("y").count()', 0),
        (metric("n").max(), 'metric("n").max()', 2),
        (metric("nan").min(), 'metric("nan").min()', math.nan),
        (metric("h").bucket(1), 'metric("h").bucket(1)', 4),
        (metric("h_bucket").bucket("1.0"), 'metric("h").bucket(1)', 4),
        (metric("h").bucket(math.inf), 'metric("h").bucket(inf)', 5),
        (metric("h", path="").quantile(0.5), 'metric("h", path="").quantile(0.5)', 0.625),
        (metric("h").quantile(1), 'metric("h").quantile(1)', 1),
        (metric("h", path="b").quantile(0.5), 'metric("h", path="b").quantile(0.5)', math.nan),
        (metric("one") + 1, 'metric("one") + 1', 8),
        (10 - metric("one"), '10 - metric("one")', 3),
        (1 + metric("one") * 2, '1 + metric("one") * 2', 15),
        ((1 + metric("one")) * 2, '(1 + metric("one")) * 2', 16),
        (metric("one") - (metric("one") - 1), 'metric("one") - (metric("one") - 1)', 1),
        (metric("x").sum() / metric("x").count(), 'metric("x").sum() / metric("x").count()', 4),
        (14 / metric("one"), '14 / metric("one")', 2),
        (2 * -metric("one"), '2 * -metric("one")', -14),
        (-(metric("one") + 1), '-(metric("one") + 1)', -8),
        (metric("one") / 0, 'metric("one") / 0', math.inf),
        (-metric("one") / 0, '-metric("one") / 0', -math.inf),
        (metric("y").count() / 0, 'metric("y").count() / 0', math.nan),
    ],
)
def test_an_expression(expression: Expression, text: str, value: float) -> None:
    assert str(expression) == text
    assert expression.evaluate(LOOK) == pytest.approx(value, nan_ok=True)
    assert isinstance(expression.evaluate(BROKEN), Unknown)


@pytest.mark.parametrize(
    "expression",
    [
        metric("y"),
        metric("y").sum(),
        metric("y").max(),
        metric("y").min(),
        metric("y").avg(),
        metric("y").bucket(1),
        metric("h").bucket(7),
        metric("y").quantile(0.5),
        metric("one") + metric("y").sum(),
        -metric("y"),
    ],
)
def test_what_is_missing_is_unknown_and_not_zero(expression: Expression) -> None:
    value = expression.evaluate(LOOK)
    assert isinstance(value, Unknown)
    assert value.missing
    assert "yet" in value.why or "there are 0.5, 1, inf" in value.why


UNKNOWN = None
TRUE, FALSE, OPEN = metric("one") == 7, metric("one") == 8, metric("y") == 1


@pytest.mark.parametrize(
    ("condition", "text", "verdict"),
    [
        (metric("one") > 6, 'metric("one") > 6', True),
        (metric("one") < 7, 'metric("one") < 7', False),
        (metric("one") <= 7, 'metric("one") <= 7', True),
        (metric("one") >= 8, 'metric("one") >= 8', False),
        (metric("one") == 7, 'metric("one") == 7', True),
        (metric("one") != 7, 'metric("one") != 7', False),
        (6 < metric("one"), 'metric("one") > 6', True),  # noqa: SIM300 - Python turns it round
        (metric("one") < metric("x").sum(), 'metric("one") < metric("x").sum()', True),
        (metric("y") > 0, 'metric("y") > 0', UNKNOWN),
        (metric("one") > metric("y"), 'metric("one") > metric("y")', UNKNOWN),
        (metric("one").between(7, 8.5), 'metric("one").between(7, 8.5)', True),
        (metric("one").between(7.5, 8), 'metric("one").between(7.5, 8)', False),
        ((metric("one") + 1).between(8, 8), '(metric("one") + 1).between(8, 8)', True),
        (metric("y").between(0, 1), 'metric("y").between(0, 1)', UNKNOWN),
        (metric("one").approx(7.1, rel=0.1), 'metric("one").approx(7.1, rel=0.1, abs=1e-12)', True),
        (metric("one").approx(8, abs=0.5), 'metric("one").approx(8, rel=1e-06, abs=0.5)', False),
        (metric("y").approx(0), 'metric("y").approx(0, rel=1e-06, abs=1e-12)', UNKNOWN),
        (metric("y").absent(), 'metric("y").absent()', True),
        (metric("x").absent(), 'metric("x").absent()', False),
        (metric("nan") > 0, 'metric("nan") > 0', False),
        (metric("nan") != 0, 'metric("nan") != 0', True),
        (TRUE & TRUE, '(metric("one") == 7) & (metric("one") == 7)', True),
        (TRUE & FALSE, '(metric("one") == 7) & (metric("one") == 8)', False),
        (TRUE & OPEN, '(metric("one") == 7) & (metric("y") == 1)', UNKNOWN),
        (OPEN & FALSE, '(metric("y") == 1) & (metric("one") == 8)', False),
        (OPEN & OPEN, '(metric("y") == 1) & (metric("y") == 1)', UNKNOWN),
        (FALSE | TRUE, '(metric("one") == 8) | (metric("one") == 7)', True),
        (FALSE | FALSE, '(metric("one") == 8) | (metric("one") == 8)', False),
        (OPEN | TRUE, '(metric("y") == 1) | (metric("one") == 7)', True),
        (FALSE | OPEN, '(metric("one") == 8) | (metric("y") == 1)', UNKNOWN),
        (~TRUE, '~(metric("one") == 7)', False),
        (~FALSE, '~(metric("one") == 8)', True),
        (~OPEN, '~(metric("y") == 1)', UNKNOWN),
    ],
)
def test_a_condition(condition: Condition, text: str, verdict: bool | None) -> None:
    assert str(condition) == text
    judged = condition.judge(LOOK)
    assert isinstance(judged, Unknown) if verdict is UNKNOWN else judged is verdict
    broken = condition.judge(BROKEN)
    assert isinstance(broken, Unknown)
    assert "connection refused" in broken.why


def test_several_series_have_no_one_value() -> None:
    with pytest.raises(NotOneSample, match="3 series match") as caught:
        (metric("x") > 1).judge(LOOK)
    assert 'x{code="500", why="db"} 5' in caught.value.matching


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: bool(metric("x") > 1),
        lambda: bool(metric("x")),
        lambda: 1 < metric("x") < 3,
        lambda: metric("x") == "3",
        lambda: metric("x", code=True),
        lambda: metric("x", code=2.5),  # type: ignore[arg-type]
        lambda: metric("h", le="1").quantile(0.5),
    ],
)
def test_a_wrong_call_says_what_would_work(wrong: Any) -> None:
    with pytest.raises(UsageError):
        wrong()


def test_a_bad_page_is_unknown_with_its_line() -> None:
    value = metric("x").sum().evaluate(Look({None: Page("x nonsense")}))
    assert isinstance(value, Unknown)
    assert "line 1" in value.why


INF = math.inf


@pytest.mark.parametrize(
    ("q", "buckets", "value"),
    [
        (0.5, [(1, 10), (INF, 10)], 0.5),
        (0.5, [(INF, 10), (2, 10), (1, 0)], 1.5),
        (-0.1, [(1, 10), (INF, 10)], -INF),
        (1.1, [(1, 10), (INF, 10)], INF),
        (math.nan, [(1, 10), (INF, 10)], math.nan),
        (0.5, [(1, 10), (2, 20)], math.nan),
        (0.5, [(INF, 10)], math.nan),
        (0.5, [(1, 0), (INF, 0)], math.nan),
        (0.5, [], math.nan),
        (0.99, [(1, 5), (2, 6), (INF, 10)], 2),
        (0.5, [(-1, 8), (1, 10), (INF, 10)], -1),
        (0.5, [(0, 8), (1, 10), (INF, 10)], 0),
        (0.9, [(-1, 8), (1, 10), (INF, 10)], 0),
        (0, [(1, 10), (INF, 10)], 0),
        (1, [(1, 4), (2, 10), (INF, 10)], 2),
        (0.5, [(1, 2), (1, 3), (2, 10), (INF, 10)], 1),
        (0.5, [(1, 6), (2, 4), (3, 10), (INF, 10)], 5 / 6),
        (0, [(1, 0), (2, 10), (INF, 10)], math.nan),
    ],
)
def test_quantiles(q: float, buckets: list[tuple[float, float]], value: float) -> None:
    assert histogram_quantile(q, buckets) == pytest.approx(value, nan_ok=True)
