"""A proxy: what Toxiproxy calls a link, with its toxics. Plain data, and its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.frozen_class import frozen
from metricrig.relay.toxiproxy import json_bodies
from metricrig.relay.toxiproxy.api_errors import bad_request_body, missing_field
from metricrig.relay.toxiproxy.json_bodies import BOOLEAN, STRING
from metricrig.relay.toxiproxy.toxic import STREAMS

if TYPE_CHECKING:
    from typing import Self

    from metricrig.relay.toxiproxy.toxic import Toxic

_FIELDS = (("name", STRING), ("listen", STRING), ("upstream", STRING), ("enabled", BOOLEAN))


@frozen
class Proxy:
    """One of them. ``listen`` is as it was asked for, until it listens: then it is the address."""

    name: str
    listen: str
    upstream: str
    enabled: bool = True
    toxics: tuple[Toxic, ...] = ()
    """In the order in which they were made."""

    def but(self, **changes: Any) -> Self:
        """The same with some fields changed."""
        return type(self)(**{**vars(self), **changes})

    @property
    def listed_toxics(self) -> list[Toxic]:
        """One direction after the other."""
        return [each for stream in STREAMS for each in self.toxics if each.direction == stream]

    def toxic(self, name: str) -> Toxic | None:
        """The one of this name."""
        return next((each for each in self.toxics if each.name == name), None)

    def with_toxic(self, toxic: Toxic) -> Self:
        """With this one in the place of the one of its name, or after all others."""
        if self.toxic(toxic.name) is None:
            return self.but(toxics=(*self.toxics, toxic))
        return self.but(toxics=tuple(toxic if each.name == toxic.name else each for each in self.toxics))

    def without_toxic(self, name: str) -> Self:
        """Without the one of this name."""
        return self.but(toxics=tuple(each for each in self.toxics if each.name != name))

    @property
    def content(self) -> dict[str, Any]:
        """As JSON has it, in Toxiproxy's order."""
        shown = {"name": self.name, "listen": self.listen, "upstream": self.upstream, "enabled": self.enabled}
        return {**shown, "toxics": [each.content for each in self.listed_toxics]}


def asked_for(body: bytes) -> Proxy:
    """The proxy that a request wants; ``enabled`` is whether it is to listen."""
    return _checked(_told(json_bodies.first_value(body)))


def all_asked_for(body: bytes) -> list[Proxy]:
    """The proxies that a request wants: all of them are sound, or none is returned."""
    values = json_bodies.first_value(body)
    if values is None:
        return []
    if not isinstance(values, list):
        raise bad_request_body(json_bodies.unfit(values, "value", "[]toxiproxy.Proxy"))
    told = [_told(each, ".Proxy.") for each in values]
    return [_checked(each, f" at proxy {number}") for number, each in enumerate(told, 1)]


def changes_asked_for(body: bytes) -> dict[str, Any]:
    """What a request wants to change of a proxy; its name is not among it."""
    told = _told(json_bodies.first_value(body))
    told.pop("name", None)
    return told


def _told(value: object, path: str = "Proxy.") -> dict[str, Any]:
    return json_bodies.fields_of(value, path, _FIELDS)


def _checked(told: dict[str, Any], place: str = "") -> Proxy:
    for name in ("name", "upstream"):
        if not told.get(name):
            raise missing_field(f"{name}{place}")
    return Proxy(**{"listen": "", **told})
