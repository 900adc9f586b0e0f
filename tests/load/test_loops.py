"""Runs with calls of every form: what was called, when, by whom, and what became of it."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar, Self

import pytest
from support.waiting import eventually

from metricrig import UsageError, load
from metricrig.load.run import Run


def counting(done: list[float]) -> list[Callable[[], Any]]:
    def plain() -> None:
        done.append(time.monotonic())

    async def awaited() -> None:
        done.append(time.monotonic())

    return [plain, awaited]


@pytest.mark.parametrize("form", [0, 1], ids=["threads", "tasks"])
def test_an_open_loop_makes_each_call_that_is_due(form: int) -> None:
    done: list[float] = []
    run = load.open_loop(counting(done)[form], rate=100, for_="500ms")
    assert len(done) == run.measured.calls == 50
    assert all(at >= run.began + number / 100 for number, at in enumerate(sorted(done))), "none is made too early"
    assert run.ended - run.began >= 0.5


@pytest.mark.parametrize("form", [0, 1], ids=["threads", "tasks"])
def test_a_slow_call_delays_no_other(form: int) -> None:
    """All begin before the first has ended."""
    began: list[float] = []
    release, arelease = threading.Event(), asyncio.Event()

    def plain() -> None:
        began.append(time.monotonic())
        if len(began) == 20:
            release.set()
        assert release.wait(60)

    async def awaited() -> None:
        began.append(time.monotonic())
        if len(began) == 20:
            arelease.set()
        await asyncio.wait_for(arelease.wait(), 60)

    run = load.open_loop([plain, awaited][form], rate=200, for_="100ms", patience="60s")
    assert run.measured.failed == 0
    assert run.measured.max >= began[-1] - began[0]


@pytest.mark.parametrize("form", [0, 1], ids=["threads", "tasks"])
def test_a_closed_loop_never_has_more_calls_under_way_than_users(form: int) -> None:
    under_way, most = 0, 0

    def enter(change: int) -> None:
        nonlocal under_way, most
        under_way += change
        most = max(most, under_way)

    lock = threading.Lock()

    def plain() -> None:
        with lock:
            enter(1)
        time.sleep(0.001)
        with lock:
            enter(-1)

    async def awaited() -> None:
        enter(1)
        await asyncio.sleep(0.001)
        enter(-1)

    run = load.closed_loop([plain, awaited][form], users=3, for_="300ms", think="1ms")
    assert most == 3
    assert run.measured.calls > 3


@pytest.mark.parametrize("form", [0, 1], ids=["threads", "tasks"])
def test_load_in_the_background_ends_with_its_block(form: int) -> None:
    done: list[float] = []
    with load.background(counting(done)[form], rate=200) as traffic:
        eventually(lambda: len(done) > 20)
        assert traffic.running
        with pytest.raises(UsageError, match="still goes on"):
            _ = traffic.failed
        eventually(lambda: traffic.measured.calls > 20)
    seen = len(done)
    assert traffic.measured.calls == seen
    assert not traffic.running
    with load.background(counting(done)[form], users=2):
        eventually(lambda: len(done) > seen + 20)


def test_calls_at_a_time_are_limited_and_what_could_not_begin_is_missed() -> None:
    release = threading.Event()
    timer = threading.Timer(1.5, release.set)
    timer.start()
    run = load.open_loop(release.wait, rate=100, for_="300ms", users=5)
    timer.join()
    assert run.measured.calls < 30
    assert not run.valid
    assert "5 users were busy" in str(run)


@pytest.mark.parametrize("form", [0, 1], ids=["threads", "tasks"])
def test_what_has_not_ended_in_time_has_failed(form: int) -> None:
    never = threading.Event()

    async def awaited() -> None:
        await asyncio.Event().wait()

    try:
        run = load.open_loop([never.wait, awaited][form], rate=50, for_="200ms", patience="100ms")
    finally:
        never.set()
    assert run.measured.failed == run.measured.calls == 10
    assert run.measured.errors == {"had not ended when the run was over": 10}


@pytest.mark.parametrize("form", [0, 1], ids=["threads", "tasks"])
def test_errors_are_counted_by_kind(form: int) -> None:
    numbers = iter(range(1000))

    def plain() -> None:
        if (number := next(numbers)) % 2:
            raise ConnectionError("refused")
        if number % 4 == 0:
            raise ValueError("status 503\nand a page")

    async def awaited() -> None:
        plain()

    run = load.open_loop([plain, awaited][form], rate=200, for_="100ms").measured
    assert run.failed == 15
    assert run.errors == {"ConnectionError: refused": 10, "ValueError: status 503": 5}
    assert run.errors == 15
    assert run.errors.total == 15
    assert run.throughput == pytest.approx(5 / run.seconds)


class Buyer:
    """A user with a set-up and a tear-down of its own."""

    log: ClassVar[list[str]] = []

    def __enter__(self) -> Self:
        self.log.append("in")
        return self

    def __call__(self) -> None:
        assert self.log.count("in") == 3, "all are set up before the first call"
        self.log.append("call")

    def __exit__(self, *_: object) -> None:
        self.log.append("out")


class AwaitedBuyer:
    """The same for tasks."""

    log: ClassVar[list[str]] = []

    async def __aenter__(self) -> Self:
        self.log.append("in")
        return self

    async def __call__(self) -> None:
        assert self.log.count("in") == 3
        self.log.append("call")

    async def __aexit__(self, *_: object) -> None:
        self.log.append("out")


@pytest.mark.parametrize("kind", [Buyer, AwaitedBuyer])
@pytest.mark.parametrize("loop", ["open", "closed"])
def test_users_of_a_class_are_set_up_before_and_torn_down_after(kind: type[Buyer | AwaitedBuyer], loop: str) -> None:
    kind.log.clear()
    if loop == "open":
        run = load.open_loop(kind, rate=100, users=3, for_="100ms")
    else:
        run = load.closed_loop(kind, users=3, for_="100ms", think="5ms")
    assert run.measured.failed == 0
    eventually(lambda: kind.log.count("out") == 3)
    assert kind.log.count("call") == run.measured.calls
    assert kind.log[:3] == ["in"] * 3


@pytest.mark.parametrize("awaited", [False, True])
def test_a_set_up_that_fails_is_told(awaited: bool) -> None:
    class Plain(Buyer):
        def __enter__(self) -> Self:
            raise OSError("no such shop")

    class Awaited(AwaitedBuyer):
        async def __aenter__(self) -> Self:
            raise OSError("no such shop")

    with pytest.raises(OSError, match="no such shop"):
        load.closed_loop(Awaited if awaited else Plain, users=2, for_="60s")


def test_a_generator_says_what_each_call_is() -> None:
    made: list[int] = []

    def calls() -> Iterator[Callable[[], None]]:
        for number in range(1000):
            yield functools.partial(made.append, number)

    run = load.open_loop(calls(), rate=200, for_="100ms")
    assert sorted(made) == list(range(20))
    assert run.measured.calls == 20


def test_weights_choose_by_seed_and_each_is_an_operation() -> None:
    def made_with(seed: int) -> Run:
        async def buy() -> None: ...
        async def refund() -> None: ...

        return load.open_loop(load.weighted({buy: 9, refund: 1}, seed=seed), rate=500, for_="200ms")

    run = made_with(4)
    assert sorted(run.operations) == ["buy", "refund"]
    buys, refunds = run.op("buy").measured.calls, run.op("refund").measured.calls
    assert buys + refunds == run.measured.calls == 100
    assert buys > 3 * refunds
    assert made_with(4).op("buy").measured.calls == buys


def test_operations_within_a_call_have_figures_of_their_own() -> None:
    def call() -> None:
        with load.op("look"):
            time.sleep(0.02)
        with load.op("pay"):
            raise ValueError("declined")

    run = load.closed_loop(call, users=2, for_="200ms")
    look, pay = run.op("look").measured, run.op("pay").measured
    assert look.failed == 0
    assert pay.failed == pay.calls == look.calls == run.measured.calls
    assert look.p50 >= 0.02
    with pytest.raises(UsageError, match="look, pay"):
        run.op("checkout")
    with load.op("outside of any run"):
        pass


SHOP = contextvars.ContextVar("shop", default="none")


@pytest.mark.parametrize("form", [0, 1], ids=["threads", "tasks"])
def test_calls_see_the_context_variables_of_the_test(form: int) -> None:
    seen: set[str] = set()

    async def awaited() -> None:
        seen.add(SHOP.get())

    token = SHOP.set("ours")
    load.open_loop([lambda: seen.add(SHOP.get()), awaited][form], rate=100, for_="50ms")
    SHOP.reset(token)
    assert seen == {"ours"}


async def nothing() -> None:
    """Do nothing."""


def coroutine_behind_a_lambda() -> Awaitable[None]:
    return nothing()


@pytest.mark.parametrize(
    ("call", "options", "said"),
    [
        (coroutine_behind_a_lambda, {}, "a coroutine that nobody awaits"),
        (nothing(), {}, "call="),
        ({nothing: 1}, {}, "load.weighted"),
        (iter([]), {}, "a generator that yields"),
        (iter([lambda: None]), {}, "has ended"),
        (Buyer, {}, "users=20"),
        (int, {"users": 2}, "def __call__"),
        (nothing, {"for_": 0}, "for_="),
        (nothing, {"users": 0}, "users=8"),
        (nothing, {"rate": 0}, "rate="),
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine 'nothing' was never awaited")
def test_what_cannot_be_called_is_refused(call: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load.open_loop(call, **{"rate": 100, "for_": "60s", **options})


def test_neither_a_rate_nor_users_is_refused() -> None:
    with pytest.raises(UsageError, match="rate=50 for an open loop"), load.background(nothing):
        pass
