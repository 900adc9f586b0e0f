"""Write single samples into any store that takes Prometheus remote write: by a command, by an HTTP API, or from Python.

::

    with Writer("http://127.0.0.1:8428") as writer:
        writer.write(Sample("orders_total", 100, {"status": "ok"}))
"""

from ingest.errors import BadUrl, IngestError, InvalidSample, Overloaded, Rejected, TimedOut, Unreachable
from ingest.retrying import Patience
from ingest.sample import Sample
from ingest.writer import Writer

__all__ = [
    "BadUrl",
    "IngestError",
    "InvalidSample",
    "Overloaded",
    "Patience",
    "Rejected",
    "Sample",
    "TimedOut",
    "Unreachable",
    "Writer",
]
