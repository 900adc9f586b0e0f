"""What a replica of a model version exposes, as series of a timeline."""

from __future__ import annotations

from metricrig import Timeline
from metricrig.metrics import Counter, Histogram

INFERENCE, END_TO_END = "model_inference_seconds", "model_e2e_seconds"
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5)


def replica(**other: str) -> dict[str, str]:
    """The labels of one replica: acme's m1 on an A100 unless said otherwise."""
    return {"org": "acme", "model_version": "m1", "instance_type": "a100", "replica": "r1", **other}


def requests(grid: Timeline, status: str = "200", **labels: str) -> Counter:
    """Requests that were answered with a status."""
    return grid.counter("model_requests_total", status=status, **replica(**labels))


def tokens(grid: Timeline, direction: str = "output", **labels: str) -> Counter:
    """Tokens read or written."""
    return grid.counter("model_tokens_total", direction=direction, **replica(**labels))


def gpu_seconds(grid: Timeline, **labels: str) -> Counter:
    """Seconds that GPUs were held."""
    return grid.counter("model_gpu_seconds_total", **replica(**labels))


def seconds(grid: Timeline, metric: str = INFERENCE, **labels: str) -> Histogram:
    """How long inference, or the whole request, took."""
    return grid.histogram(metric, buckets=BUCKETS, **replica(**labels))
