"""The runtime of a server that somebody else runs: reached by its URL, and never started, stopped or signalled."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from metricrig._core.cache_directory import cache_root, writing_cache
from metricrig._core.errors import UsageError
from metricrig._core.latch import Latch
from metricrig._core.private_directory import PrivateDirectory
from metricrig.placement import Addresses, Placement, Ports, shared_in
from metricrig.runtimes import Site, make_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from urllib.parse import SplitResult

    from metricrig.resources import Resources
    from metricrig.runtimes import Launch, Running, Runtime
    from metricrig.service import Service
    from metricrig.tools import Executable

_SAME = {"https": "http", "postgres": "postgresql"}
"""Schemes of URLs that mean the same as another one here."""


class AttachedProcess:
    """The process of an attached server, of which nothing is known: it counts as alive."""

    status: int | None = None
    refused: str | None = None
    ended_at = 0.0
    how = "is somebody else's"
    gone = False
    here = False
    frozen = False

    def __init__(self, name: str) -> None:
        self._name = name
        self.exited = Latch()

    @property
    def pid(self) -> int:
        """Unknown."""
        raise not_ours(self._name, "its process id")

    def listens(self, port: int) -> bool:
        """Whatever accepts connections there counts as the server."""
        del port
        return True

    def resources(self) -> Resources:
        """Unknown."""
        raise not_ours(self._name, "its resources")

    def signal(self, number: int, *, tree: bool = False) -> None:
        """Never."""
        del number, tree
        raise not_ours(self._name, "a signal to it")

    def freeze(self) -> None:
        """Never."""
        raise not_ours(self._name, "to pause it")

    def collect(self) -> None:
        """Nothing of it is ours."""


class AttachedRuntime:
    """The runtime of one attached server. Commands beside it, such as psql, run in ``host``, the rig's runtime."""

    name = "attached"

    def __init__(self, host: Runtime, url: str) -> None:
        self.rig = host.rig
        self.directory = host.directory
        self._host = host
        self._url = url

    def place(self, service: Service) -> Site:
        """At its URL. Files of commands beside it lie in the rig; locks lie where all processes of this user look."""
        known = split_url(service, self._url)
        port = known.port or next(iter(service.usual_ports.values()), 80)
        numbers = Ports({next(iter(service.usual_ports), "server"): port})
        host = known.hostname or ""
        at = Placement(
            rig=self.rig,
            name=service.name,
            host=host,
            port=numbers,
            dir=self.directory / service.name,
            secret=unquote(known.password or ""),
            common=shared_in(self.directory),
        )
        make_directory(at.dir, None)
        seen = Addresses(host, numbers, self._url)
        locks = _locks(service.name, f"{host}:{port}")
        return Site(at=at, inside=seen, outside=seen, directory=at.dir, user=None, locks_elsewhere=locks)

    def move(self, service: Service, site: Site, port: str) -> Site:
        """Never: it is not ours to move."""
        del service, port
        return site

    def inhabit(self, service: Service, site: Site) -> Site:
        """Commands beside it run as our own user."""
        del service
        return site

    def provide(self, service: Service) -> Executable | None:
        """For commands beside it: a client lies beside the server's own program."""
        return self._host.provide(service)

    def program(self, word: str, environment: Mapping[str, str], executable: Executable | None) -> str:
        """A program of this machine."""
        return self._host.program(word, environment, executable)

    @property
    def surroundings(self) -> Mapping[str, str]:
        """The environment of the test."""
        return self._host.surroundings

    def unreserve(self, site: Site) -> bool:
        """Nothing was reserved."""
        del site
        return False

    def launch(self, site: Site, launch: Launch, on_exit: Callable[[Running], None] | None = None) -> Running:
        """Start a command beside it; the server itself is not ours to start."""
        if not launch.beside:
            raise not_ours(site.at.name, "to start it")
        return self._host.launch(site, launch, on_exit)

    def wiped(self, site: Site) -> None:
        """There is nothing else."""

    def usurper(self, site: Site, running: Running) -> tuple[str, str] | None:
        """Nobody is in the way."""
        del site, running
        return None

    def adopting(self, path: Path) -> AbstractContextManager[None]:
        """Nothing is prepared for it."""
        del path
        return contextlib.nullcontext()

    def link_hosts(self) -> tuple[str, str]:
        """Whoever uses it runs where the rig's processes do."""
        return self._host.link_hosts()

    def leave(self) -> None:
        """Nothing is held."""

    def close(self, *, keep: bool) -> None:
        """The directory is the rig's."""
        del keep


def not_ours(name: str, what: str) -> UsageError:
    """The error for what only the one who runs a server may do."""
    return UsageError(
        f"{name} is somebody else's server, which this rig is only attached to: {what} is not ours\n"
        "  what to do: test that with a server of your own, which rig.add(...) starts, or without --rig-server"
    )


def split_url(service: Service, url: str) -> SplitResult:
    """A server's URL, taken apart, if it can be one of this service's."""
    usual = (service.url or "http:").partition(":")[0]
    example = f"{usual}://127.0.0.1:{next(iter(service.usual_ports.values()), 80)}"
    known = _sound(url)
    if known is None or _SAME.get(known.scheme, known.scheme) != usual:
        raise UsageError(
            f"{service.name}: {without_password(url)!r} is no URL of one\n  what works: {example}"
            f"{'; connections with TLS are not supported here' if url.startswith(f'{usual}s:') else ''}"
        )
    return known


def _sound(url: str) -> SplitResult | None:
    """None if it names no host, or no port that can be one."""
    try:
        known = urlsplit(url)
        sound = bool(known.hostname) and known.port != 0
    except ValueError:
        return None
    return known if sound else None


def without_password(url: str) -> str:
    """A URL that may be shown."""
    scheme, mark, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not mark or not at:
        return url
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user}{colon and ':***'}@{host}"


def _locks(name: str, address: str) -> Path:
    """Where processes of this user lock their parts of this server: outside of the rig, which the server outlives."""
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    directory = cache_root() / "attached"
    with writing_cache(f"a place for the locks of {name}"):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with PrivateDirectory.open(str(directory)) as held:
            held.make_inside(f"{name}-{digest}").close()
    return directory / f"{name}-{digest}"
