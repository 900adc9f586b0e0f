"""The proxies that the API knows: those that it was told of, and the links that the rig has made."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from metricrig.relay.toxiproxy import listen_address, metrics_page
from metricrig.relay.toxiproxy.api_errors import ApiError, cannot_listen, proxy_exists, proxy_not_found, toxic_not_found
from metricrig.relay.toxiproxy.listen_address import BadAddress, ForeignAddress
from metricrig.relay.toxiproxy.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metricrig.relay.toxiproxy.proxy_routes import ProxyRoutes
    from metricrig.relay.toxiproxy.toxic import Toxic


class Proxies:
    """Each with what Toxiproxy would know of it; routes of the relay do what it says."""

    def __init__(self, routes: ProxyRoutes) -> None:
        self._routes = routes
        self._proxies: dict[str, Proxy] = {}
        self._routed: set[str] = set()
        """Those that have a route: a proxy that has never been enabled has none."""
        self._made: set[str] = set()
        """Those that the API was told of."""

    def all(self) -> dict[str, Proxy]:
        """By their names, in the order of these."""
        routes = self._routes.known()
        for name in self._routed - routes.keys():  # the rig has closed them
            self._forget(name)
        for name in routes.keys() - self._routed:
            self._forget(name)
            self._proxies[name] = Proxy(name, _text(routes[name]["listen"][0]), "")
        for name in routes.keys() - self._made:  # the rig leads its links elsewhere when services move
            self._proxies[name] = self._proxies[name].but(upstream=_text(routes[name]["target"]))
        self._routed = set(routes)
        return dict(sorted(self._proxies.items()))

    def metrics(self) -> str:
        """Their page."""
        return metrics_page.page(self.all().values(), self._routes.known())

    def get(self, name: str) -> Proxy:
        """The one of this name."""
        found = self.all().get(name)
        if found is None:
            raise proxy_not_found()
        return found

    def add(self, wanted: Proxy) -> Proxy:
        """Another one."""
        if wanted.name in self.all():
            raise proxy_exists()
        return self._added(wanted)

    def add_or_replace(self, wanted: Proxy) -> Proxy:
        """Another one, unless there is one that listens and leads where it should."""
        existing = self.all().get(wanted.name)
        if existing is not None:
            if not _differs(existing, wanted.listen, wanted.upstream):
                return existing
            self._stay_where_services_look(existing, wanted)
            self._close(self._stopped(existing))
        return self._added(wanted)

    def update(self, name: str, changes: dict[str, Any]) -> Proxy:
        """Have it listen or lead elsewhere, which ends its connections; or not at all."""
        proxy = self.get(name)
        wanted = proxy.but(**changes)
        if _differs(proxy, wanted.listen, wanted.upstream):
            self._stay_where_services_look(proxy, wanted)
            proxy = self._moved(self._stopped(proxy), wanted)
        if wanted.enabled != proxy.enabled:
            proxy = self._started(proxy) if wanted.enabled else self._stopped(proxy)
        return proxy

    def remove(self, name: str) -> None:
        """Have it no more."""
        self._close(self.get(name))
        self._forget(name)

    def reset(self) -> None:
        """Enable all of them, and have no toxics; which one cannot be enabled is told when all others have been."""
        errors: list[ApiError] = []
        for proxy in self.all().values():
            try:
                enabled = proxy if proxy.enabled else self._started(proxy)
            except ApiError as error:
                errors.append(error)
                continue
            for each in enabled.toxics:
                self.take_toxic(proxy.name, each.name)
        if errors:
            raise errors[0]

    def put_toxic(self, name: str, toxic: Toxic) -> None:
        """Have this toxic, instead of the one of its name."""
        proxy = self.get(name)
        self._proxies[name] = proxy.with_toxic(toxic)
        if name in self._routed:
            self._routes.put(name, toxic, proxy.toxic(toxic.name))

    def take_toxic(self, name: str, toxic: str) -> None:
        """Have it no more."""
        proxy = self.get(name)
        gone = proxy.toxic(toxic)
        if gone is None:
            raise toxic_not_found()
        self._proxies[name] = proxy.without_toxic(toxic)
        if name in self._routed:
            self._routes.take(name, gone)

    def _stay_where_services_look(self, proxy: Proxy, wanted: Proxy) -> None:
        """A link of the rig has an address that services have been told of."""
        if proxy.name not in self._made and wanted.listen != proxy.listen:
            raise cannot_listen(
                wanted.listen, f"bind: {proxy.name} is a link of the rig, which listens at {proxy.listen}"
            )

    def _added(self, wanted: Proxy) -> Proxy:
        self._made.add(wanted.name)
        if not wanted.enabled:
            return self._kept(wanted)
        return self._started(wanted.but(enabled=False))

    def _started(self, proxy: Proxy) -> Proxy:
        if proxy.name in self._routed:
            self._routes.reopen(proxy)
            return self._kept(proxy.but(enabled=True))
        listen = self._routes.open(proxy)
        self._routed.add(proxy.name)
        return self._kept(proxy.but(enabled=True, listen=listen))

    def _stopped(self, proxy: Proxy) -> Proxy:
        if proxy.enabled:
            self._routes.shut(proxy.name)
        return self._kept(proxy.but(enabled=False))

    def _moved(self, proxy: Proxy, wanted: Proxy) -> Proxy:
        """It is down; where it listens and leads is another matter from now on."""
        if proxy.listen != wanted.listen:
            self._close(proxy)
        elif proxy.name in self._routed:
            self._routes.lead_elsewhere(proxy.name, wanted.upstream)
        return self._kept(proxy.but(listen=wanted.listen, upstream=wanted.upstream))

    def _close(self, proxy: Proxy) -> None:
        if proxy.name in self._routed:
            self._routes.close(proxy.name)
            self._routed.discard(proxy.name)

    def _forget(self, name: str) -> None:
        self._proxies.pop(name, None)
        self._made.discard(name)

    def _kept(self, proxy: Proxy) -> Proxy:
        self._proxies[proxy.name] = proxy
        return proxy


def _text(address: tuple[str, int]) -> str:
    host, port = address
    return f"{host}:{port}"


def _differs(proxy: Proxy, listen: str, upstream: str) -> bool:
    try:
        port = listen_address.resolved(listen)
    except BadAddress as error:
        raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)) from None
    except ForeignAddress as error:
        raise cannot_listen(listen, f"bind: {error}") from None
    return proxy.listen != listen_address.text(port) or proxy.upstream != upstream


def populated(proxies: Proxies, wanted: Iterable[Proxy]) -> tuple[list[Proxy], ApiError | None]:
    """Those that are there now, as they should be, up to the first that cannot be."""
    done: list[Proxy] = []
    for each in wanted:
        try:
            done.append(proxies.add_or_replace(each))
        except ApiError as error:
            return done, error
    return done, None
