"""A storm as a user asks for it: functions that make faults, ranges as texts, a seed or a plan; all checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from metricrig._core.arguments import count, wrong
from metricrig._core.errors import UsageError
from metricrig.faults.fault import Fault
from metricrig.faults.storms import chaos_seed
from metricrig.faults.storms.duration_range import range_of, seconds_of
from metricrig.faults.storms.storm import Storm
from metricrig.faults.storms.storm_chance import Chances, plan_of_seed
from metricrig.faults.storms.storm_plan import StormPlan, names_of
from metricrig.lifecycle.start_order import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.faults.storms.duration_range import Duration
    from metricrig.faults.storms.recovery import Resident
    from metricrig.lifecycle.active_faults import ActiveFaults

    Makers = dict[str, Callable[[], Fault]]


class StormChances(TypedDict, total=False):
    """What chance may choose from, and the seed that decides."""

    seed: int
    every: Duration
    lasting: Duration
    at_most: int
    for_: Duration


_RIGHT = "functions that make a fault: faults=[link.cut, redis.paused, partial(link.slow, latency='50ms')]"


def new_storm(
    active: ActiveFaults,
    residents: Callable[[], Sequence[Resident]],
    faults: Sequence[Callable[[], Fault]],
    plan: StormPlan | None,
    **chances: Unpack[StormChances],
) -> Storm:
    """The storm of a plan, or of what chance chooses."""
    makers = _makers(faults)
    if plan is None:
        plan = chosen(list(makers), **chances)
    elif not isinstance(plan, StormPlan):
        raise wrong("rig.storm", "plan", plan, "a plan: rig.storm(StormPlan.load(path), faults=[...])")
    elif chances:
        raise UsageError(f"rig.storm: a plan leaves nothing to chance; leave out {', '.join(chances)}, or the plan")
    _require_known(plan, makers)
    return Storm(plan, makers, active, residents)


def chosen(
    names: Sequence[str],
    *,
    seed: int | None = None,
    every: Duration = "1s…3s",
    lasting: Duration = "0.2s…2s",
    at_most: int = 2,
    for_: Duration = "30s",
) -> StormPlan:
    """The plan that chance makes of these faults, once everything is checked."""
    seed = chaos_seed.next_seed() if seed is None else count("rig.storm", "seed", seed)
    return plan_of_seed(seed, chances_of("rig.storm", names, every=every, lasting=lasting, at_most=at_most, for_=for_))


def chances_of(
    who: str, names: Sequence[str], *, every: Duration, lasting: Duration, at_most: int, for_: Duration
) -> Chances:
    """What may be chosen, as numbers."""
    seconds = seconds_of(who, "for_", for_)
    pauses = range_of(who, "every", every)
    if pauses.shortest >= seconds:
        raise wrong(who, "for_", for_, f"longer than the pause before the first fault, which is every={every!r}")
    if count(who, "at_most", at_most) < 1:
        raise wrong(who, "at_most", at_most, "how many may be in force at once: at_most=2")
    return Chances(names, pauses, range_of(who, "lasting", lasting), at_most, seconds)


def _makers(faults: Any) -> Makers:
    """Each under the name of the fault that it makes. They have an order, on which a seed's choice depends."""
    if not isinstance(faults, list | tuple) or not faults:
        raise wrong("rig.storm", "faults", faults, _RIGHT)
    names = names_of([_made(each).name for each in faults])
    return dict(zip(names, faults, strict=True))


def _made(maker: Any) -> Fault:
    """What it makes; a fault that is made has not begun."""
    if isinstance(maker, Fault):
        raise wrong("rig.storm", "faults", maker, f"without the parentheses, because a storm makes many: {_RIGHT}")
    try:
        made = maker() if callable(maker) else None
    except TypeError as error:
        right = f"one that needs nothing more ({error}): faults=[partial(link.limit, bytes=1000)]"
        raise wrong("rig.storm", "faults", maker, right) from error
    if not isinstance(made, Fault):
        raise wrong("rig.storm", "faults", maker, _RIGHT)
    return made


def _require_known(plan: StormPlan, makers: Makers) -> None:
    for each in plan.faults:
        if each not in makers:
            near = did_you_mean(each, makers)
            raise UsageError(f"rig.storm: its plan has {each!r}, which none of faults=[...] makes{near}")
