"""Plans of storms: written by hand, loaded, shortened to the part that fails, or chosen by hypothesis.

The storm itself is the rig's: ``rig.storm(seed=7, faults=[link.cut, redis.paused]).run()``.
"""

from metricrig.faults.fault import Fault
from metricrig.faults.storms.storm import Storm
from metricrig.faults.storms.storm_plan import PlannedFault, StormPlan
from metricrig.faults.storms.storm_shortening import shortened
from metricrig.faults.storms.storm_strategy import plans

__all__ = ["Fault", "PlannedFault", "Storm", "StormPlan", "plans", "shortened"]
