"""Where services run. A runtime must be able to place, launch, signal and collect; every other power is extra."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from metricrig.placement import Addresses, Placement
    from metricrig.service import Service

RUNTIMES = ("process",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a service will be: inside, as others of the rig reach it, and as the test reaches it."""

    at: Placement
    inside: Addresses
    outside: Addresses
    directory: Path
    """The instance's directory as the test sees it."""
    user: tuple[int, int] | None
    """The user and group it runs as, where that is not ourselves."""

    @property
    def log(self) -> Path:
        """The file that its output goes to: beside its directory, so that the service may clear that."""
        return self.directory.with_name(f"{self.directory.name}.log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A command, with everything decided: only executing is left."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    out: Path
    err: Path | None = None
    stdin: Path | None = None
    stop_signal: int
    service: bool = True
    """False for a command that runs beside the service."""


class Running(Protocol):
    """Something that was launched."""

    status: int | None
    """How it ended, negative for a signal; None while it runs, or if it was taken out of our hands."""
    refused: OSError | None
    """Why it could not be executed at all."""
    ended_at: float
    """When, on the monotonic clock; meaningful once it has exited."""
    exited: threading.Event

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def gone(self) -> bool:
        """Whether it has ended, even if ``exited`` is not set yet: a look, not a wait."""

    def signal(self, number: int, *, tree: bool = False) -> None:
        """Send a signal to it, or to it and everything below it."""

    def freeze(self) -> None:
        """Stop it and everything below it, until ``SIGCONT``; when this returns, nothing of it runs."""

    def collect(self) -> None:
        """Make sure that nothing of it is left; returns when nothing is."""


class Runtime(Protocol):
    """A place where services run, for one rig."""

    name: str
    directory: Path

    def place(self, service: Service) -> Site:
        """Decide addresses and directory; nothing runs yet."""

    def move(self, service: Service, site: Site, port: str) -> Site:
        """Another number for a port that somebody else holds."""

    def unreserve(self, site: Site) -> bool:
        """Stop keeping its ports from others, for a server that cannot share them with us; False if none were kept."""

    def launch(self, site: Site, launch: Launch, on_exit: Callable[[Running], None] | None = None) -> Running:
        """Start a command."""

    def usurper(self, site: Site, running: Running) -> tuple[str, str] | None:
        """The name of a port that somebody else serves, and who."""

    def adopting(self, path: Path) -> AbstractContextManager[None]:
        """Have a path outside the rig removed, should this process die within the block."""

    def close(self, *, keep: bool) -> None:
        """Remove the rig's directory; all it launched has been collected."""


def viewed(at: Placement, addresses: Addresses, url: str | None) -> Addresses:
    """The same addresses with the service's url rendered for whoever uses them."""
    template = url if url is not None else ("http://{host}:{port}" if addresses.ports else "")
    seen = replace(at, host=addresses.host, port=addresses.ports)
    return replace(addresses, url=seen.render(template))


def new_runtime(name: str, *, rig: str, data: str | Path) -> Runtime:
    """A runtime by its name, for one rig; imported only when it is asked for."""
    if name == "process":
        from metricrig.runtimes.process import ProcessRuntime  # noqa: PLC0415

        return ProcessRuntime.for_one(rig=rig, data=data)
    raise UsageError(f"no runtime is called {name!r}; there is: {', '.join(RUNTIMES)}")
