"""A toxic: what Toxiproxy calls one thing that is done to a direction of a proxy. Plain data, and its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.frozen_class import frozen
from metricrig.relay.toxiproxy import json_bodies
from metricrig.relay.toxiproxy.api_errors import invalid_stream, invalid_toxic_type, toxic_exists
from metricrig.relay.toxiproxy.json_bodies import FRACTION, INTEGER, OBJECT, STRING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

UPSTREAM, DOWNSTREAM = "upstream", "downstream"
STREAMS = (UPSTREAM, DOWNSTREAM)
"""In the order in which a proxy's toxics are listed."""

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "bandwidth": ("rate",),
    "latency": ("latency", "jitter"),
    "limit_data": ("bytes",),
    "noop": (),
    "reset_peer": ("timeout",),
    "slicer": ("average_size", "size_variation", "delay"),
    "slow_close": ("delay",),
    "timeout": ("timeout",),
}
"""The types, and what each has: whole numbers, 0 where a client says nothing."""
_STRUCTS = {
    "bandwidth": "BandwidthToxic",
    "latency": "LatencyToxic",
    "limit_data": "LimitDataToxic",
    "reset_peer": "ResetToxic",
    "slicer": "SlicerToxic",
    "slow_close": "SlowCloseToxic",
    "timeout": "TimeoutToxic",
}
"""What Go calls them in an error."""
_CHANGEABLE = (("toxicity", FRACTION), ("attributes", OBJECT))
_FIELDS = (("name", STRING), ("type", STRING), ("stream", STRING), *_CHANGEABLE)


@frozen
class Toxic:
    """A toxic of a proxy. ``stream`` is as its client wrote it; ``toxicity`` is the share of connections it is for."""

    name: str
    type: str
    stream: str
    toxicity: float
    attributes: tuple[tuple[str, int], ...]

    @property
    def direction(self) -> str:
        """The stream, in the API's own spelling."""
        return self.stream.lower()

    @property
    def content(self) -> dict[str, Any]:
        """As JSON has it, in Toxiproxy's order."""
        return {
            "attributes": dict(self.attributes),
            "name": self.name,
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }

    def updated(self, body: bytes) -> Toxic:
        """With the attributes and the toxicity of a request; all else of a toxic stays as it is."""
        told = json_bodies.fields_of(
            json_bodies.first_value(body), ".", (("toxicity", FRACTION), ("attributes", OBJECT))
        )
        toxicity = json_bodies.single_precision(told.get("toxicity", self.toxicity))
        given = _attributes(self.type, told.get("attributes"))
        return Toxic(self.name, self.type, self.stream, toxicity, tuple({**dict(self.attributes), **given}.items()))


def created(body: bytes, taken: Container[str]) -> Toxic:
    """The toxic that a request asks for; names that are ``taken`` belong to others."""
    told = json_bodies.fields_of(json_bodies.first_value(body), "ToxicWrapper.", _FIELDS)
    stream, kind = told.get("stream", DOWNSTREAM), told.get("type", "")
    if stream.lower() not in STREAMS:
        raise invalid_stream()
    if kind not in ATTRIBUTES:
        raise invalid_toxic_type()
    name = told.get("name") or f"{kind}_{stream}"
    if name in taken:
        raise toxic_exists()
    return Toxic(
        name=name,
        type=kind,
        stream=stream,
        toxicity=json_bodies.single_precision(told.get("toxicity", 1.0)),
        attributes=tuple({**dict.fromkeys(ATTRIBUTES[kind], 0), **_attributes(kind, told.get("attributes"))}.items()),
    )


def _attributes(kind: str, told: object) -> dict[str, int]:
    """Those that a request names, of the toxic's own."""
    path = f"{_STRUCTS.get(kind, '')}.attributes."
    return json_bodies.fields_of(told, path, tuple((name, INTEGER) for name in ATTRIBUTES[kind]))
