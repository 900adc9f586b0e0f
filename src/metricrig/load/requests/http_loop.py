"""``load.http``: an open loop of one HTTP request, by the best driver that can be had."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import wrong
from metricrig._core.deadlines import factor
from metricrig._core.errors import ToolUnavailable
from metricrig.load.caller import caller_of
from metricrig.load.loops import TASKS, length_of, seconds_or_none
from metricrig.load.rate import rate_of
from metricrig.load.requests.request_call import request
from metricrig.load.run_plan import RunPlan
from metricrig.load.traffic import Traffic
from metricrig.metrics.times import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from metricrig.load.rate import Rate
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.requests.request_call import RequestCall
    from metricrig.load.resource_use import Watched
    from metricrig.load.run import Run
    from metricrig.load.run_stop import RunStop
    from metricrig.load.traffic import Engine

_DRIVERS = (None, "vegeta", "python")


def http(
    server: Any,
    line: str,
    *,
    rate: float | Rate,
    for_: Any,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: Any = 30.0,
    driver: str | None = None,
    lag: Any = None,
    patience: Any = 10.0,
    watch: Sequence[Watched] = (),
) -> Run:
    """One request, ``load.http(shop, "POST /buy/ok", rate=1000, for_="10s")``, of an instance or of a URL.

    The driver is Vegeta, where it can be had and the rate is constant and even; else this process itself.
    """
    who = "load.http"
    if driver not in _DRIVERS:
        raise wrong(who, "driver", driver, 'driver="vegeta", driver="python", or none for the best that there is')
    call = request(server, line, body=body, headers=headers, timeout=timeout)
    given, seconds = rate_of(who, rate), length_of(who, for_)
    plan = RunPlan(caller_of(who, call), TASKS, seconds, given, patience=duration(patience) * factor())
    engine = None if driver == "python" else _vegeta(call, given, seconds, required=driver is not None)
    return Traffic(plan, seconds_or_none(lag), engine, watch).start().wait()


def _vegeta(
    call: RequestCall, rate: Rate, seconds: float, *, required: bool
) -> Callable[[CallRecorder, RunStop], Engine] | None:
    """What makes its engine; None if it cannot be had, or cannot do it."""
    if rate.steps or rate.seed is not None:
        if required:
            raise wrong("load.http", "rate", str(rate), 'a constant one with driver="vegeta", or driver="python"')
        return None
    from metricrig.load.requests.vegeta_attack import VegetaAttack, VegetaOrder  # noqa: PLC0415 - for those who have it
    from metricrig.load.requests.vegeta_tool import VEGETA  # noqa: PLC0415 - as above
    from metricrig.tools import obtain  # noqa: PLC0415 - as above

    try:
        program = obtain(VEGETA)
    except ToolUnavailable:
        if required:
            raise
        return None
    return partial(VegetaAttack, VegetaOrder(program, call, rate.lasting, seconds))
