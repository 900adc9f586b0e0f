"""Samples that somebody has posted, believed in nothing."""

from __future__ import annotations

import json
from typing import Any

from ingest.errors import InvalidSample
from ingest.sample import Sample, milliseconds

_EXPECTED = 'expected JSON like {"metric": "orders_total", "value": 100, "labels": {"status": "ok"}}'


def sample_from(body: bytes) -> Sample:
    """What the API is given; ``InvalidSample`` whatever is wrong with it."""
    try:
        asked: Any = json.loads(body)
        name, labels, moment = asked["metric"], asked.get("labels", {}), asked.get("timestamp")
        value, seconds = _number(asked["value"]), None if moment is None else _number(moment)
        texts = [_text(each) for each in (name, *labels.values())]
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        raise InvalidSample(_EXPECTED) from None
    return Sample(texts[0], value, dict(zip(labels, texts[1:], strict=True)), milliseconds(seconds))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(value)
    return float(value)
