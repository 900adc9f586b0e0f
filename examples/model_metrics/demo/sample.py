"""Two hours of an inference platform: three organizations, replicas that restart, and that come and go."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import numpy as np

from metricrig import Timeline
from metricrig.metrics import Counter, Histogram

HOURS = 2
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Deployment(NamedTuple):
    """A model version on a type of instance."""

    org: str
    model: str
    instance: str
    per_second: float
    seconds: float  # that inference takes, on average


DEPLOYMENTS = [
    Deployment("acme", "llama-70b-v3", "h100", 4.0, 1.2),
    Deployment("acme", "whisper-v2", "a10g", 2.0, 0.4),
    Deployment("acme", "whisper-v2", "l4", 0.5, 0.8),
    Deployment("rival", "llama-70b-v3", "h100", 9.0, 1.1),
    Deployment("initech", "sdxl-turbo", "a100", 1.0, 0.2),
]
TOKENS = {org: f"{org}-demo-token" for org in ("acme", "rival", "initech")}


def directory() -> str:
    """Who may see what, as the application reads it."""
    models: dict[str, set[str]] = {}
    for each in DEPLOYMENTS:
        models.setdefault(each.org, set()).add(each.model)
    orgs = {
        org: {"token_sha256": hashlib.sha256(TOKENS[org].encode()).hexdigest(), "model_versions": sorted(found)}
        for org, found in models.items()
    }
    return json.dumps(orgs, indent=2)


def timeline(end: float) -> Timeline:
    """What its scrapes have brought home until then."""
    grid = Timeline(start=end - HOURS * 3600, every="30s", length=f"{HOURS}h")
    for number, deployment in enumerate(DEPLOYMENTS):
        for index in range(3):
            _replica(grid, deployment, index, np.random.default_rng([number, index]))
    return grid


def _replica(grid: Timeline, deployment: Deployment, index: int, chance: np.random.Generator) -> None:
    """The first is always there; the second begins after half an hour, the third restarts twice."""
    length = HOURS * 3600.0
    begin = 1800.0 if index == 1 else 0.0
    labels = {
        "org": deployment.org,
        "model_version": deployment.model,
        "instance_type": deployment.instance,
        "replica": f"{deployment.model}-{deployment.instance}-{index}",
    }
    moments = chance.uniform(begin, length, int(deployment.per_second * (length - begin) / 3))
    taken = chance.gamma(4, deployment.seconds / 4, moments.size)
    status = chance.choice(["200", "400", "429", "500"], moments.size, p=[0.94, 0.03, 0.02, 0.01])
    counters = [grid.counter("model_gpu_seconds_total", **labels).rate(1)]
    counters += [
        grid.counter("model_requests_total", status=each, **labels).inc_many(moments[status == each])
        for each in ("200", "400", "429", "500")
    ]
    for direction, scale in (("input", 300), ("output", 150)):
        counter = grid.counter("model_tokens_total", direction=direction, **labels)
        counters.append(counter.inc_many(moments, by=chance.poisson(scale, moments.size)))
    inference = grid.histogram("model_inference_seconds", buckets=BUCKETS, **labels).observe_many(taken, at=moments)
    queued = taken + chance.exponential(0.1, moments.size)
    whole = grid.histogram("model_e2e_seconds", buckets=BUCKETS, **labels).observe_many(queued, at=moments)
    made: list[Counter | Histogram] = [*counters, inference, whole]
    for each in made:
        if begin:
            each.reset(begin).gap(0, begin)
        if index == 2:
            each.reset(length / 3).reset(length / 1.5)
