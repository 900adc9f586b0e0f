"""What a relay is told, on a socket in its directory: an order a line, each answered with one."""

from __future__ import annotations

import json
import os
import resource
import socket
from typing import TYPE_CHECKING, Any

from metricrig.relay.effects import effect_of
from metricrig.relay.policy import policy_of
from metricrig.relay.server.datagram_route import DatagramRoute
from metricrig.relay.server.event_loop import READ, WRITE, EventLoop
from metricrig.relay.server.pipes import Pipes
from metricrig.relay.server.served_route import ServedRoute, addresses

if TYPE_CHECKING:
    from metricrig.relay.toxiproxy.api_listener import ApiListener

Order = dict[str, Any]


class Orders:
    """The routes, and a method for each order."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._pipes = Pipes()
        self._routes: dict[str, ServedRoute | DatagramRoute] = {}
        self._toxiproxy: ApiListener | None = None

    def carry_out(self, order: Order) -> Order:
        """Its answer; what is wrong with it is one too."""
        try:
            answer: Order = getattr(self, f"do_{order['op']}")(order) or {}
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            return {"error": str(error), "errno": 0}
        except OSError as error:
            return {"error": error.strerror or str(error), "errno": error.errno or 0}
        return answer

    def do_open(self, order: Order) -> Order:
        """Have a route."""
        name = order["route"]
        if name in self._routes:
            raise ValueError(f"there is a route {name!r} already")
        listen, target = addresses(order["listen"]), addresses([order["target"]])[0]
        route: ServedRoute | DatagramRoute
        if order["kind"] == "udp":
            route = DatagramRoute(name, listen=listen, target=target, loop=self._loop)
        else:
            route = ServedRoute(name, listen=listen, target=target, loop=self._loop, pipes=self._pipes)
        self._routes[name] = route
        return route.as_data()

    def do_close(self, order: Order) -> None:
        """Have it no more."""
        self._route(order).close()
        del self._routes[order["route"]]

    def do_put(self, order: Order) -> None:
        """Add effects to its policy, or exchange those of the same names."""
        route = self._route(order)
        policy = route.policy
        for place, effect in order["effects"]:
            policy = policy.put(place, effect_of(effect))
        route.apply(policy)

    def do_take(self, order: Order) -> None:
        """Take the effects of a name out of its policy."""
        route = self._route(order)
        route.apply(route.policy.without(order["name"]))

    def do_exchange(self, order: Order) -> None:
        """Have another policy."""
        self._route(order).apply(policy_of(order["policy"]))

    def do_aim(self, order: Order) -> None:
        """Connect new ones to another target."""
        self._route(order).target = addresses([order["target"]])[0]

    def do_hang_up(self, order: Order) -> None:
        """Reset its connections."""
        self._route(order).hang_up()

    def do_expect(self, order: Order) -> None:
        """A proof's connection will come."""
        source, target = addresses([order["source"], order["target"]])
        self._route(order).expect_proof(source, target, order["effect"])

    def do_forget(self, order: Order) -> None:
        """A proof is done with."""
        self._route(order).forget_proof(addresses([order["source"]])[0])

    def do_look(self, order: Order) -> Order:
        """What a route is doing, or all of them."""
        routes = [self._route(order)] if order.get("route") is not None else list(self._routes.values())
        return {"routes": [each.as_data() for each in routes]}

    def do_toxiproxy(self, _: Order) -> Order:
        """Speak Toxiproxy's API; returns where."""
        from metricrig.relay.toxiproxy.api_listener import ApiListener  # noqa: PLC0415 - few relays are asked for it

        if self._toxiproxy is None:
            self._toxiproxy = ApiListener(self._loop, self.carry_out)
        return {"listen": self._toxiproxy.address}

    def _route(self, order: Order) -> ServedRoute | DatagramRoute:
        found = self._routes.get(order["route"])
        if found is None:
            raise LookupError(f"there is no route {order['route']!r}; there is: {', '.join(self._routes) or 'none'}")
        return found


class _Orderer:
    """With one of those who give orders."""

    def __init__(self, connection: socket.socket, orders: Orders, loop: EventLoop) -> None:
        connection.settimeout(0)
        self._socket, self._orders, self._loop = connection, orders, loop
        self._heard = b""
        self._to_say = b""
        loop.watch(connection.fileno(), READ, self._ready)

    def _ready(self, found: int) -> None:
        try:
            if found & ~WRITE:
                self._listen()
            if self._to_say:
                self._to_say = self._to_say[self._socket.send(self._to_say) :]
        except BlockingIOError:
            pass
        except OSError:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            return
        self._loop.watch(self._socket.fileno(), READ | (WRITE if self._to_say else 0), self._ready)

    def _listen(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("it hung up")
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            answer = {"seq": order["seq"], **self._orders.carry_out(order)}
            self._to_say += json.dumps(answer).encode() + b"\n"


def serve(control: str) -> None:
    """Take orders at this path, for ever."""
    _soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loop = EventLoop()
    orders = Orders(loop)
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(0)
    os.umask(0o077)
    listener.bind(f"{control}.new")
    listener.listen(16)
    os.rename(f"{control}.new", control)  # whoever finds it can connect

    def accept(_: int) -> None:
        _Orderer(listener.accept()[0], orders, loop)

    loop.watch(listener.fileno(), READ, accept)
    loop.run()
