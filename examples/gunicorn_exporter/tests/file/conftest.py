"""An exporter for tests that need none of their own: they may ask it, and do nothing to its workers."""

from __future__ import annotations

from exporter_suite import Exporter

from metricrig.pytest import service

# Each process of a parallel run has its own, where tests come one after the other: so what changes is theirs.
served = service(Exporter("served", workers=1), shared=False)
