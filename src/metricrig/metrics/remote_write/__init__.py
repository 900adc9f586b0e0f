"""Writing samples to any receiver of Prometheus remote write, encoded by hand.

``bodies`` needs numpy, and is imported from ``metricrig.metrics.remote_write.body_batches``; the rest does not.
"""

from metricrig.metrics.remote_write.one_sample import assert_label_exists, payload
from metricrig.metrics.remote_write.request_body import Body
from metricrig.metrics.remote_write.sender import Sender, Sent, WriteRejected, WriteUncertain

__all__ = ["Body", "Sender", "Sent", "WriteRejected", "WriteUncertain", "assert_label_exists", "payload"]
