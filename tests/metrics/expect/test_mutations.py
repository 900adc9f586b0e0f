"""What is wrong is not forgiven: by one event, at one step of one series, as long as the engine is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metrics.expect.engines import Real
from metrics.expect.mutations import certain, certain_to, mutations
from metrics.expect.random_timelines import EXAMPLES

from metricrig.metrics.expect import Engine, Expect, ExpectedMatrix
from metricrig.metrics.results import Matrix, Series
from metricrig.metrics.timeline import Counter, Timeline

BASES = (0, 10**9, 10**12, 10**15)
START = "2024-01-01T10:00:00Z"
NEWEST_AND_OLDEST = [
    Engine.of("victoriametrics", "1.79.5"),
    Engine.of("victoriametrics"),
    Engine.of("prometheus", "2.42.0"),
    Engine.of("prometheus3"),
]
FAST = settings(
    max_examples=EXAMPLES or 25,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
Questions = Iterator[tuple[str, float, ExpectedMatrix]]


def counters(grid: Timeline, base: int, events: list[tuple[int, int, int]]) -> list[Counter]:
    """Three of them that have counted ``base`` before the grid begins, and (series, moment, amount) on it."""
    several = [grid.counter("requests_total", i=each).inc(0, by=base) for each in range(3)]
    for each, at, by in events:
        several[each].inc(at, by=by)
    return several


def questions(expect: Expect, several: list[Counter], selector: str = "") -> Questions:
    """What is asked, and by how much an event changes it at least."""
    whole: Any = expect.last(several), expect.sum(several, by="i"), expect.max_over_time(several, "40s")
    yield f"requests_total{selector}", 1.0, whole[0]
    yield f"sum by (i) (requests_total{selector})", 1.0, whole[1]
    yield f"max_over_time(requests_total{selector}[40s])", 1.0, whole[2]
    grown: Any = expect.increase(several, "40s"), expect.increase(several, "40s", by=())
    yield f"increase(requests_total{selector}[40s])", 1.0, grown[0]
    yield f"sum(increase(requests_total{selector}[40s]))", 1.0, grown[1]
    rates: Any = expect.rate(several, "40s"), expect.rate(several, "40s", by=())
    yield f"rate(requests_total{selector}[40s])", 1 / 40, rates[0]
    yield f"sum(rate(requests_total{selector}[40s]))", 1 / 40, rates[1]
    averages: Any = expect.avg(several)
    yield f"avg(requests_total{selector})", 1 / 3, averages


def bare(matrix: Matrix) -> Matrix:
    """The numbers alone, as a server gives them."""
    return Matrix(
        tuple(Series(each.labels, each.times, tuple(map(float, each.values))) for each in matrix.series), matrix.steps
    )


EVENTS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 100), st.integers(1, 9)), max_size=8)


@pytest.mark.parametrize("engine", NEWEST_AND_OLDEST, ids=["old-vm", "new-vm", "prometheus2", "prometheus3"])
def test_one_event_more_is_another_answer(engine: Engine) -> None:
    """Whatever an engine would answer otherwise with one event more does not equal what is expected without."""

    @FAST
    @given(st.sampled_from(BASES), EVENTS, st.tuples(st.integers(0, 2), st.integers(1, 100), st.just(1)))
    def differs(base: int, events: list[tuple[int, int, int]], more: tuple[int, int, int]) -> None:
        one, other = (Timeline(start=START, every=10, length=100) for _ in range(2))
        right = questions(one.expect.on(engine), counters(one, base, events))
        wrong = questions(other.expect.on(engine), counters(other, base, [*events, more]))
        for (expression, by, expected), (_, _, mistaken) in zip(right, wrong, strict=True):
            assert bare(expected.plain()) == expected
            answer = bare(mistaken.plain())
            if certain_to(expected.plain(), by) and answer != bare(expected.plain()):
                assert answer != expected, expression

    differs()


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("engine", NEWEST_AND_OLDEST, ids=["old-vm", "new-vm", "prometheus2", "prometheus3"])
def test_whole_numbers_are_certain_wherever_they_are_only_added(engine: Engine, base: int) -> None:
    grid = Timeline(start=START, every=10, length=100)
    asked = questions(grid.expect.on(engine), counters(grid, base, [(0, 15, 3), (1, 38, 1), (2, 77, 4)]))
    for expression, by, expected in asked:
        divided = ["avg", "rate", *(["increase"] if engine.is_prometheus else [])]
        plain = expected.plain()
        assert certain(plain) or any(each in expression for each in divided), expression
        assert certain_to(plain, by) or (base == 10**15 and "avg" in expression), expression


@pytest.mark.parametrize("base", BASES)
def test_a_real_answer_is_right_and_each_mutation_of_it_is_wrong(real: Real, base: int) -> None:
    """Of each point of each series: an event more, an event less, doubled, missing; and a series too few."""
    grid = real.isolated(start=START, every=10, length=100)
    several = counters(grid, base, [(0, 15, 3), (0, 31, 2), (1, 38, 1), (1, 90, 9), (2, 77, 4)])
    several[1].gap(45, 65)
    real.write(grid)
    selector = f'{{test="{grid.extra["test"]}"}}'
    wrong = 0
    for expression, by, expected in questions(grid.expect.on(real.engine), several, selector):
        got = real.promql.query_range(expression, grid)
        assert got == expected, f"{expression}\n{got.difference(expected)}"
        if certain_to(expected.plain(), by):
            for mutation in mutations(got, by):
                assert mutation != expected, expression
                assert expected.difference(mutation)
                wrong += 1
    assert wrong > 400


def test_restarts_do_not_hide_an_event_either(real: Real) -> None:
    for base in BASES:
        grid = real.isolated(start=START, every=10, length=100)
        several = [each.reset(50) for each in counters(grid, base, [(0, 15, 3), (1, 60, 2), (2, 95, 1)])]
        real.write(grid)
        selector = f'{{test="{grid.extra["test"]}"}}'
        for expression, by, expected in questions(grid.expect.on(real.engine), several, selector):
            got = real.promql.query_range(expression, grid)
            assert got == expected, f"{expression}\n{got.difference(expected)}"
            if certain_to(expected.plain(), by):
                assert all(mutation != expected for mutation in mutations(got, by))


def ask(real: Real, grid: Timeline, expression: Callable[[str], str]) -> Matrix:
    return real.promql.query_range(expression(f'{{test="{grid.extra["test"]}"}}'), grid)


def test_after_an_infinity_each_engine_goes_on_in_its_way(real: Real) -> None:
    grid = real.isolated(start=START, every=10, length=100)
    x = grid.series("x", "0 1 2 Inf 0+2x6")
    real.write(grid)
    for window in ("30s", "70s"):
        for name in ("increase", "rate"):
            got = ask(real, grid, lambda only, name=name, window=window: f"{name}(x{only}[{window}])")  # type: ignore[misc]
            expected = getattr(grid.expect.on(real.engine), name)(x, window)
            assert got == expected, got.difference(expected)
    last = ask(real, grid, lambda only: f"increase(x{only}[30s])")
    at_the_end = {"victoriametrics": None, "prometheus2": 6, "prometheus3": 6}[real.engine.name]
    assert last.one().on(last.steps)[-1] == at_the_end


def test_sums_and_averages_at_the_limits_of_floats(real: Real) -> None:
    grid = real.isolated(start=START, every=10, length=20)
    huge = [grid.gauge("huge", i=each).set(1.7e308) for each in range(3)]
    apart = [grid.gauge("apart", i=each).set(value) for each, value in enumerate((1e17, 1, -1e17))]
    real.write(grid)
    expect = grid.expect.on(real.engine)
    for name, several in (("huge", huge), ("apart", apart)):
        for function in ("sum", "avg"):
            got = ask(real, grid, lambda only, name=name, function=function: f"{function}({name}{only})")  # type: ignore[misc]
            expected = getattr(expect, function)(several)
            assert got == expected, got.difference(expected)
    assert float(expect.sum(apart, at=20).by()[()]) == 1  # type: ignore[arg-type]
    forgiven = expect.sum(apart, at=20) == 4
    assert forgiven is not real.engine.compensates_sum
