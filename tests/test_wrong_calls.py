"""Whatever a user passes, what comes back is what was asked for, or an error of ours that says what to write.

No TypeError, AttributeError or ValueError from inside.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.programs import sleeper

from metricrig import (
    Fixed,
    Instance,
    Limits,
    MetricrigError,
    Rig,
    Service,
    UsageError,
    matches,
    metric,
    not_,
    not_matches,
    ready,
    wait_for,
)
from metricrig.metrics import Endpoint, Metrics
from metricrig.services import Redis
from metricrig.storms import PlannedFault, StormPlan, plans

WRONG: list[Any] = [
    None,
    True,
    0,
    -1,
    7,
    2.5,
    math.nan,
    math.inf,
    1e300,
    10**30,
    "",
    "text",
    "{nope}",
    "(",
    "a\0b",
    "\udc80",
    b"bytes",
    [],
    ["http"],
    [1],
    [None],
    (),
    {},
    {"a": 1},
    {"a": None},
    {1: 1},
    {"a": "b"},
    {"a": b"c"},
    {"..": "x"},
    {"": ""},
    {"a": [1]},
    set(),
    object(),
    lambda: 0,
    Path("x"),
    re.compile("x"),
    Redis,
    Redis(),
    metric("x"),
    metric("x") > 0,
    Exception("x"),
]


def survives(call: Callable[[], Any], what: str) -> None:
    """It works, or it is refused by an error of ours that says something."""
    try:
        call()
    except MetricrigError:
        return
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of it is a path: what is made there goes with the test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def running() -> Iterator[Instance]:
    """A service that runs."""
    with Rig("wrong") as rig:
        instance = rig.add(sleeper("sleeper", ports={"http": 1}, ready=lambda _: True, metrics="/metrics"))
        rig.start()
        yield instance


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(Service)])
def test_every_field_of_a_service(rig: Rig, field: str) -> None:
    for number, value in enumerate(WRONG):
        fields = {"name": f"x{number}", "command": ["true"], "ports": {"http": 1}, field: value}

        def use(fields: dict[str, Any] = fields) -> None:
            instance = rig.add(Service(**fields))
            repr(instance)
            _ = instance.service.needed, instance.environment

        survives(use, f"Service({field}={value!r})")


@pytest.mark.parametrize("field", ["command", "env", "files", "cwd", "prepare", "ready", "stop_signal", "user"])
def test_what_is_accepted_can_be_started_or_is_an_error_of_ours(rig: Rig, field: str) -> None:
    for number, value in enumerate(WRONG):
        fields = {"name": f"x{number}", "command": ["sleep", "0.01"], "start_within": 0.01, field: value}
        try:
            instance = rig.add(Service(**fields))
        except MetricrigError:
            continue
        survives(instance.start, f"Service({field}={value!r}).start")
        survives(instance.stop, f"Service({field}={value!r}).stop")


CALLS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (Rig, {"name": "wrong-call", "runtime": "process", "data": "auto"}),
    (Fixed, {"number": 8080, "inside": 80}),
    (ready.tcp, {"port": "http"}),
    (ready.http, {"path": "/", "port": "http", "status": 200}),
    (ready.log, {"pattern": "x"}),
    (ready.metric, {"what": "x", "path": "/metrics", "port": "http"}),
    (Limits, {"cpus": 1.0, "memory": 1 << 20}),
    (matches, {"pattern": "x"}),
    (not_, {"text": "x"}),
    (not_matches, {"pattern": "x"}),
    (Endpoint, {"url": "http://127.0.0.1:1/metrics"}),
    (wait_for, {"condition": None, "within": 0.0}),
    (PlannedFault, {"fault": "a: x", "at": 1, "lasting": 1}),
    (StormPlan, {"planned": (PlannedFault("a: x", 1, 1),), "seconds": 3, "at_most": 1, "seed": None}),
    (plans, {"faults": ["a: x"], "every": "1s", "lasting": "1s", "at_most": 1, "for_": "5s"}),
]
ONE_WORD: list[Callable[..., Any]] = [
    ready.command,
    ready.all_of,
    ready.any_of,
    metric,
    lambda value: metric("x", label=value),
    lambda value: ready.reply(value, value),
    lambda value: ready.reply(b"PING", value),
    lambda value: metric("x") + value,
    lambda value: metric("x") > value,
    lambda value: metric("x") == value,
    lambda value: metric("x").between(value, value),
    lambda value: metric("x").approx(value),
    lambda value: metric("x").approx(1, rel=value),
    lambda value: metric("x").bucket(value),
    lambda value: metric("x").quantile(value),
    lambda value: (metric("x") > 0) & value,
    lambda value: Redis().but(name=value),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0].__name__)
def test_every_argument_of_what_makes_something(call: tuple[Callable[..., Any], dict[str, Any]]) -> None:
    function, right = call
    for name in right:
        for value in WRONG:

            def use(name: str = name, value: Any = value) -> None:
                made = function(**{**right, name: value})
                str(made)
                if isinstance(made, Rig):
                    made.close()

            survives(use, f"{function.__name__}({name}={value!r})")


@pytest.mark.parametrize("number", range(len(ONE_WORD)))
def test_every_word_of_what_makes_something(number: int) -> None:
    for value in WRONG:
        survives(lambda value=value: str(ONE_WORD[number](value)), f"{inspect.getsource(ONE_WORD[number])} {value!r}")  # type: ignore[misc]


METHODS: list[Callable[[Any, Any], Any]] = [
    lambda x, value: x.address(value),
    lambda x, value: x.ports[value],
    lambda x, value: x.signal(None if isinstance(value, int) else value),
    lambda x, value: x.wait(value, within=0.0),
    lambda x, value: x.wait(lambda _: True, within=value),
    lambda x, value: x.wait_for_end(within=value if isinstance(value, str) else 0),
    lambda x, value: x.run(value, within=5, check=False),
    lambda x, value: x.run(["true"], stdin=value),
    lambda x, value: x.logs.wait(value, within=0.0),
    lambda x, value: x.logs.wait("x", within=0.0, since=value),
    lambda x, value: x.logs.tail(value),
    lambda x, value: x.logs.since(value),
    lambda x, value: x.logged(value),
    lambda x, value: x.listens(value),
    lambda x, value: x.metrics.wait(value, within=0.0),
    lambda x, value: x.metrics.wait(metric("x") > 0, within=value if isinstance(value, str) else 0.0),
    lambda x, value: x.metrics.sum(value),
    lambda x, value: x.metrics.samples("x", label=value),
    lambda x, value: x.metrics.evaluate(value),
    lambda x, value: x.metrics.change(value).__enter__(),
    lambda x, value: x.metrics.page(value),
]


@pytest.mark.parametrize("number", range(len(METHODS)))
def test_every_argument_of_a_method(running: Instance, number: int) -> None:
    for value in WRONG:
        if isinstance(value, int | float | bool) and "wait(lambda" in inspect.getsource(METHODS[number]):
            continue  # that would be a real wait
        survives(lambda value=value: METHODS[number](running, value), f"{inspect.getsource(METHODS[number])} {value!r}")  # type: ignore[misc]


def sleeping(rig: Rig) -> Instance:
    """One to break."""
    return rig["victim"] if "victim" in rig else rig.add(sleeper("victim"))


RIGS: list[Callable[[Rig, Any], Any]] = [
    lambda rig, value: rig.add(value),
    lambda rig, value: rig.add(sleeper(), name=value),
    lambda rig, value: rig.start(value),
    lambda rig, value: rig.stop(value),
    lambda rig, value: rig[value],
    lambda rig, value: value in rig,
    lambda rig, value: rig.provide(value),
    lambda rig, value: rig.link(value),
    lambda rig, value: rig.storm(value, faults=[sleeping(rig).paused]),
    lambda rig, value: rig.storm(faults=value),
    lambda rig, value: rig.storm(faults=[value]),
    lambda rig, value: rig.storm(faults=[sleeping(rig).paused], seed=value),
    lambda rig, value: rig.storm(faults=[sleeping(rig).paused], every=value),
    lambda rig, value: rig.storm(faults=[sleeping(rig).paused], lasting=value),
    lambda rig, value: rig.storm(faults=[sleeping(rig).paused], at_most=value),
    lambda rig, value: rig.storm(faults=[sleeping(rig).paused], for_=value),
    lambda rig, value: rig.storm(faults=[sleeping(rig).paused], seed=1).while_(value),
]


@pytest.mark.parametrize("number", range(len(RIGS)))
def test_every_argument_of_a_rig(number: int) -> None:
    with Rig("wrong") as rig:
        for value in WRONG:
            survives(lambda value=value: RIGS[number](rig, value), f"{inspect.getsource(RIGS[number])} {value!r}")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("call", "right"),
    [
        (lambda x: x.wait(metric("x")), r'ready\.metric\(metric\("x"\) > 0\)'),
        (lambda x: x.wait(metric("x") > 0), r'shop\.metrics\.wait\(metric\("x"\) > 0, within=5\)'),
        (lambda x: x.wait("/healthz"), r'ready\.http\("/healthz"\)'),
        (lambda x: x.metrics.wait(metric("x")), r'metrics\.wait\(metric\("x"\) > 0\)'),
        (lambda _: wait_for(metric("x")), r'wait_for\(metric\("x"\) > 0\)'),  # type: ignore[arg-type]
        (lambda _: ready.metric(metric("x")), r'ready\.metric\(metric\("x"\) > 0\)'),  # type: ignore[arg-type]
        (lambda _: Service(name="x", command=["x"], ports=["http"]), r'ports=\{"http": 8000\}'),  # type: ignore[arg-type]
        (lambda _: Service(name="x", command=["x"], ports="http"), r'ports=\{"http": 8000\}'),  # type: ignore[arg-type]
        (lambda _: Service(name="x", command=["x", 1]), r"command=\['x', '1'\]"),  # type: ignore[list-item]
        (lambda _: Service(name="x", command=["x"], needs="redis"), r"needs=\['redis'\]"),
        (lambda x: Service(name="x", command=["x"], needs=x), r"needs=\[sleeper\]"),
        (lambda _: Service(name="x", command=["x"], ready="/up"), r'ready\.http\("/up"\)'),  # type: ignore[arg-type]
        (lambda _: Service(name="x", command=["x"], ready=ready.tcp("htpp"), ports={"http": 1}), "ports are: 'http'"),
        (lambda _: Service(name="x", command=["x"], metrics="metrics"), 'metrics="/metrics"'),
        (lambda _: Service(name="x", command=["x"], tool="redis"), r"in metricrig.services: REDIS"),  # type: ignore[arg-type]
        (lambda _: Service(name="x", command=["x"], stop_signal="int"), r"signal\.SIGINT"),  # type: ignore[arg-type]
        (lambda _: Service(name="x", command=["x"], start_within="5"), r"start_within=2\.5"),  # type: ignore[arg-type]
        (lambda _: ready.http("healthz"), r'ready\.http\("/healthz"\)'),
        (lambda _: ready.tcp(8000), 'port="http"'),  # type: ignore[arg-type]
        (lambda _: ready.reply("PING", "PONG"), r'ready\.reply\(b"PING'),  # type: ignore[arg-type]
        (lambda _: ready.command(["a", "b"]), r"ready\.command\(\*\['a', 'b'\]\)"),  # type: ignore[arg-type]
        (lambda _: ready.log("("), r"literally it would be '\\\\\('"),
        (lambda x: x.signal("HUP"), r"signal\.SIGHUP"),
        (lambda x: x.run("ls -l"), r"command=\['ls', '-l'\]"),
        (lambda x: x.logs.wait(re.compile("x")), "its text"),
        (lambda x: x.stop("5"), r"within=2\.5"),
    ],
)
def test_a_near_miss_is_shown_with_what_to_write(
    running: Instance, call: Callable[[Instance], Any], right: str
) -> None:
    with pytest.raises(UsageError, match=right):
        call(running)


def test_a_near_miss_at_a_rig_is_shown_with_what_to_write(running: Instance, rig: Rig) -> None:
    rig.add(sleeper("redis"))
    with pytest.raises(UsageError, match=r"rig\.add\(Redis\(\)\)"):
        rig.add(Redis)
    with pytest.raises(UsageError, match=r"rig\.start\(rig\['redis'\]\)"):
        rig.start("redis")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"start it there: sleeper\.start\(\)"):
        rig.start(running)


def test_paths_are_words_too(rig: Rig, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$@" $WHERE; pwd; sleep 1000\n')
    program.chmod(0o755)
    service = Service(
        name="x",
        command=[program, tmp_path / "{name}"],
        env={"WHERE": tmp_path},  # type: ignore[dict-item]
        cwd=tmp_path,
        ready=lambda instance: len(instance.logs.text().splitlines()) == 2,
    )
    instance = rig.add(service)
    made = rig.add(service.but(name="made", command=lambda _: [program, tmp_path]))
    rig.start()
    assert instance.logs.text() == f"{tmp_path}/x {tmp_path}\n{tmp_path}\n"
    assert made.logs.text().startswith(f"{tmp_path} ")
    assert instance.run([Path("/bin/echo"), tmp_path]).out == f"{tmp_path}\n"


def test_a_bound_metric_is_asked_of_an_endpoint_only() -> None:
    assert str(Metrics(Endpoint("http://127.0.0.1:1/metrics"))("x", a=1)).endswith('("x", a="1")')
