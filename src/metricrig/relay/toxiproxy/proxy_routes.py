"""Proxies as routes of the relay: what the API wants of them, in the relay's own orders."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from metricrig.relay.effects import ShutDoor
from metricrig.relay.policy import DOOR, policy_of
from metricrig.relay.toxiproxy import listen_address
from metricrig.relay.toxiproxy.api_errors import ApiError, cannot_listen
from metricrig.relay.toxiproxy.listen_address import LOOPBACK, BadAddress, ForeignAddress
from metricrig.relay.toxiproxy.toxic_effects import effects_of, name_of_effects, place_of
from metricrig.relay.toxiproxy.upstream_address import target

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.relay.toxiproxy.proxy import Proxy
    from metricrig.relay.toxiproxy.toxic import Toxic

    Order = dict[str, Any]

_DISABLED = "disabled by Toxiproxy's API"


class ProxyRoutes:
    """The relay's routes, by the names of proxies."""

    def __init__(self, carry_out: Callable[[Order], Order]) -> None:
        self._carry_out = carry_out

    def known(self) -> dict[str, Order]:
        """All that there are, whoever has made them."""
        return {each["name"]: each for each in self._done("look")["routes"] if each["kind"] == "tcp"}

    def open(self, proxy: Proxy) -> str:
        """Listen for it; returns where."""
        try:
            port = listen_address.resolved(proxy.listen)
        except BadAddress as error:
            raise cannot_listen("", str(error)) from None
        except ForeignAddress as error:
            raise cannot_listen(error.listen, f"bind: {error}") from None
        wanted = {"target": target(proxy.upstream), "listen": [(LOOPBACK, port)], "kind": "tcp"}
        opened = self._listening(listen_address.text(port), "open", route=proxy.name, **wanted)
        for each in proxy.toxics:
            self.put(proxy.name, each)
        return listen_address.text(opened["listen"][0][1])

    def close(self, name: str) -> None:
        """Have it no more."""
        self._done("close", route=name)

    def shut(self, name: str) -> None:
        """End its connections, and refuse new ones."""
        door = ShutDoor(name=_DISABLED, reset_open=True)
        self._done("put", route=name, effects=[(DOOR, door.as_data())])

    def reopen(self, proxy: Proxy) -> None:
        """Accept connections again."""
        try:
            self._listening(proxy.listen, "take", route=proxy.name, name=_DISABLED)
        except ApiError:
            self.shut(proxy.name)
            raise

    def lead_elsewhere(self, name: str, upstream: str) -> None:
        """Connect to another upstream; those that are connected have to begin anew."""
        self._done("aim", route=name, target=target(upstream))
        self._done("hang_up", route=name)

    def put(self, name: str, toxic: Toxic, before: Toxic | None = None) -> None:
        """Have this toxic, instead of what it was before."""
        (route,) = self._done("look", route=name)["routes"]
        policy = policy_of(route["policy"])
        if before is not None:
            policy = policy.without(name_of_effects(before))
        for each in effects_of(toxic, name):
            policy = policy.put(place_of(toxic), each)
        self._done("exchange", route=name, policy=policy.as_data())

    def take(self, name: str, toxic: Toxic) -> None:
        """Have it no more."""
        self._done("take", route=name, name=name_of_effects(toxic))

    def _listening(self, address: str, op: str, **fields: Any) -> Order:
        try:
            return self._done(op, **fields)
        except OSError as error:
            raise cannot_listen(address, f"bind: {_in_lower_case(os.strerror(error.errno or 0))}") from None

    def _done(self, op: str, **fields: Any) -> Order:
        answer = self._carry_out({"op": op, **fields})
        if "error" not in answer:
            return answer
        if answer["errno"]:
            raise OSError(answer["errno"], answer["error"])
        raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, answer["error"])


def _in_lower_case(text: str) -> str:
    return text[:1].lower() + text[1:]
