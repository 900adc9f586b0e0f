"""The only import of numpy: where it is not installed, an error says what to do."""

from __future__ import annotations

from metricrig._core.errors import Unavailable

try:
    import numpy as np
except ImportError as missing:  # pragma: no cover - a test takes numpy away in a process of its own
    raise Unavailable(
        "timelines",
        reason="numpy is not installed",
        remedy="pip install 'metricrig[series]'",
    ) from missing

__all__ = ["np"]
