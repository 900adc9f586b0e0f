"""Writing samples to any receiver of Prometheus remote write, encoded by hand.

``bodies`` needs numpy, and is imported from ``metricrig.metrics.remote_write.bodies``; the rest does not.
"""

from metricrig.metrics.remote_write.body import Body
from metricrig.metrics.remote_write.checking import assert_label_exists
from metricrig.metrics.remote_write.errors import WriteRejected, WriteUncertain
from metricrig.metrics.remote_write.sender import Sender, Sent
from metricrig.metrics.remote_write.single import payload

__all__ = ["Body", "Sender", "Sent", "WriteRejected", "WriteUncertain", "assert_label_exists", "payload"]
