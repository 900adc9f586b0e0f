"""A hypothesis strategy for plans of storms: hypothesis chooses, and shortens what fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import wrong
from metricrig._core.errors import Unavailable
from metricrig.faults.storms.storm_chance import Draw, plan_of_draws
from metricrig.faults.storms.storm_choices import chances_of
from metricrig.faults.storms.storm_plan import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from metricrig.faults.storms.duration_range import Duration
    from metricrig.faults.storms.storm_plan import StormPlan

_STEPS = 1000
"""Into how many parts a range is divided: finer differences are nobody's cause."""
_MOST_FAULTS = 100


def plans(
    faults: Sequence[str],
    *,
    every: Duration = "0.1s…1s",
    lasting: Duration = "0.1s…1s",
    at_most: int = 2,
    for_: Duration = "5s",
) -> SearchStrategy[StormPlan]:
    """Plans of storms of faults with these names, such as ``redis: paused``; the simplest is one short fault.

    ::

        @given(plan=plans(["redis: paused", "cache: cut"]))
        def test_no_order_is_lost(plan):
            with Rig() as rig:
                ...
                rig.storm(plan, faults=[redis.paused, link.cut]).run()
    """
    try:
        from hypothesis import strategies as st  # noqa: PLC0415 - few have it, and fewer need it
    except ImportError:
        remedy = "pip install hypothesis"
        raise Unavailable("plans for hypothesis", reason="it is not installed", remedy=remedy) from None
    _require_names(faults)
    chances = chances_of("storms.plans", names_of(faults), every=every, lasting=lasting, at_most=at_most, for_=for_)
    share = st.integers(0, _STEPS - 1).map(lambda step: step / _STEPS)
    fitting = min(int(chances.seconds / chances.every.shortest) + 1, _MOST_FAULTS)
    draws = st.lists(st.builds(Draw, share, share, share), min_size=1, max_size=fitting)
    return draws.map(lambda chosen: plan_of_draws(chosen, chances))


def _require_names(faults: Any) -> None:
    listed = isinstance(faults, list | tuple) and bool(faults)
    if not listed or not all(isinstance(each, str) and ": " in each for each in faults):
        raise wrong("storms.plans", "faults", faults, 'names of faults: faults=["redis: paused", "cache: cut"]')
