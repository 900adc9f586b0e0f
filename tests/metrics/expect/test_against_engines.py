"""What is computed is what real engines answer: VictoriaMetrics 1.79 and 1.128, Prometheus 2.42 and 3.5."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator
from itertools import islice

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from metrics.expect.engines import Real
from metrics.expect.mutations import mutations, room
from metrics.expect.random_timelines import EXAMPLES, Case, cases

from metricrig import UsageError
from metricrig.metrics.expect import Expect, ExpectedMatrix, ExpectedVector
from metricrig.metrics.timeline import Counter, Timeline

WRONG = 12
"""So many mutations of each answer; of whole numbers all are tried elsewhere."""

Ask = Callable[..., ExpectedMatrix | ExpectedVector]

# The same examples each time: a server that is asked at random must not fail at random. A long run takes others.
FIXED = settings(
    max_examples=EXAMPLES or 12,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # to shrink one asks a server hundreds of times
)


def test_random_timelines_are_answered_as_computed(real: Real) -> None:
    """Twenty kinds of queries, over a range and at one moment, about a dozen series; and what is wrong is not equal."""
    tally: Tally[str] = Tally()

    @FIXED
    @given(st.data())
    def agrees(data: st.DataObject) -> None:
        nonlocal tally
        case = data.draw(cases(real.isolated))
        real.write(case.grid)
        for expression, ask in _questions(case, case.grid.expect.on(real.engine)):
            tally += _agree_on_range(real, case, expression, _computed(ask, **case.when))
            tally += _agree_at_once(real, case, expression, _computed(ask, at=case.at))
        tally["timelines"] += 1

    agrees()
    print(real.engine.name, dict(tally))


def _computed(ask: Ask, **when: float) -> ExpectedMatrix | ExpectedVector | None:
    """Nothing where it depends on the order in which an engine adds up numbers that overflow."""
    expected = ask(**when)
    try:
        expected.plain()
    except UsageError as refusal:
        if "overflows" not in str(refusal):
            raise
        return None
    return expected


def _agree_on_range(
    real: Real, case: Case, expression: str, expected: ExpectedMatrix | ExpectedVector | None
) -> Tally[str]:
    if expected is None:
        return Tally({"refused": 1})
    assert isinstance(expected, ExpectedMatrix)
    first, last = expected.steps[0], expected.steps[-1]
    got = real.promql.query_range(expression, first, last, case.when.get("step", case.grid.step))
    assert got == expected, f"{expression}\n{expected.difference(got)}"
    wrong = list(islice(mutations(got, 2.5 * room(expected.plain()) or 1), WRONG))
    assert all(each != expected for each in wrong), expression
    return Tally({"ranges": 1, "points": sum(len(each.values) for each in got.series), "wrong answers": len(wrong)})


def _agree_at_once(
    real: Real, case: Case, expression: str, expected: ExpectedMatrix | ExpectedVector | None
) -> Tally[str]:
    if expected is None:
        return Tally({"refused": 1})
    got = real.promql.query(expression, at=round(case.grid.start + case.at, 3))
    assert got == expected, f"{expression} at {case.at}\n{expected.difference(got)}"
    return Tally({"instants": 1})


def _questions(case: Case, expect: Expect) -> Iterator[tuple[str, Ask]]:
    only = f'{{test="{case.grid.extra["test"]}"}}'
    ranged = f"{only}[{round(case.window * 1000)}ms]"
    counter, gauge, histogram, window, q = case.counter, case.gauge, case.histogram, case.window, case.q
    yield f"increase(requests_total{ranged})", lambda **when: expect.increase(counter, window, **when)
    yield f"rate(requests_total{ranged})", lambda **when: expect.rate(counter, window, **when)
    yield (
        f"sum by (group) (increase(requests_total{ranged}))",
        lambda **when: expect.increase(counter, window, by="group", **when),
    )
    yield f"sum(rate(requests_total{ranged}))", lambda **when: expect.rate(counter, window, by=(), **when)
    yield f"requests_total{only}", lambda **when: expect.last(counter, **when)
    yield f"sum by (group) (requests_total{only})", lambda **when: expect.sum(counter, "group", **when)
    yield f"avg(requests_total{only})", lambda **when: expect.avg(counter, **when)
    yield f"temperature{only}", lambda **when: expect.last(gauge, **when)
    yield f"max_over_time(temperature{ranged})", lambda **when: expect.max_over_time(gauge, window, **when)
    yield f"min_over_time(temperature{ranged})", lambda **when: expect.min_over_time(gauge, window, **when)
    wild = case.wild
    yield f"wild{only}", lambda **when: expect.last(wild, **when)
    yield f"sum(wild{only})", lambda **when: expect.sum(wild, **when)
    yield f"avg(wild{only})", lambda **when: expect.avg(wild, **when)
    yield f"increase(wild{ranged})", lambda **when: expect.increase(wild, window, **when)
    yield f"sum(rate(wild{ranged}))", lambda **when: expect.rate(wild, window, by=(), **when)
    yield f"max_over_time(wild{ranged})", lambda **when: expect.max_over_time(wild, window, **when)
    yield (
        f"sum(increase(took_seconds_count{ranged}))",
        lambda **when: expect.increase(histogram.count, window, by=(), **when),
    )
    yield (
        f"histogram_quantile({q}, sum by (le, group) (rate(took_seconds_bucket{ranged})))",
        lambda **when: expect.histogram_quantile(q, histogram, window=window, by="group", **when),
    )
    yield (
        f"histogram_quantile({q}, increase(took_seconds_bucket{ranged}))",
        lambda **when: expect.histogram_quantile(q, histogram, window=window, of="increase", **when),
    )
    yield (
        f"histogram_quantile({q}, took_seconds_bucket{only})",
        lambda **when: expect.histogram_quantile(q, histogram, **when),
    )


def test_true_quantiles_lie_where_they_are_said_to(real: Real) -> None:
    grid = real.isolated(start="2024-01-01T10:00:00Z", every="15s", length="10m")
    histogram = grid.histogram("took_seconds", [0.1, 0.5, 1, 2.5])
    moments = [each * 1.7 for each in range(340)]
    histogram.observe_many([(each * 37 % 100) / 30 for each in range(340)], at=moments)
    real.write(grid)
    for q in (0.01, 0.25, 0.5, 0.9, 0.99, 1.0):
        expression = f'histogram_quantile({q}, rate(took_seconds_bucket{{test="{grid.extra["test"]}"}}[2m]))'
        got = real.promql.query_range(expression, grid)
        expected = grid.expect.quantile(q, histogram, window="2m", engine=real.engine)
        assert got in expected
        assert len(expected.at) > 20
        assert all(each.truth in each for each in expected.at.values())


def test_the_first_example_at_midnight(victoria: Real) -> None:
    """Range queries of VictoriaMetrics do not mind that the grid begins with the day."""
    grid = victoria.isolated(start="2024-01-01T00:00:00Z", every="30s", length="5m")
    requests = _the_example(grid)
    victoria.write(grid)
    only = f'{{test="{grid.extra["test"]}"}}'
    got = victoria.promql.query_range(f"sum by (status) (increase(model_requests_total{only}[30s]))", grid)
    assert got.by("status")["200"] == [0, 0, 2, 1, 0, 1, 0, 0, 0, 0, 0]
    assert got == grid.expect.increase(requests, window="30s", by="status", engine=victoria.engine)


def _the_example(grid: Timeline) -> Counter:
    requests = grid.counter("model_requests_total", model="m1")
    requests.labels(status="200").inc(50).inc(60).inc(70).inc(150)
    requests.labels(status="404").inc(200).inc(250)
    return requests
