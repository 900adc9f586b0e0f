"""The protocol of runtimes, where services run: place, launch, signal and collect. Other abilities are not in it."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from metricrig._core.frozen_class import frozen_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from metricrig._core.latch import Latch
    from metricrig.placement import Addresses, Placement
    from metricrig.resources import Resources
    from metricrig.runtimes.own_clock import OwnClock
    from metricrig.runtimes.own_disk import OwnDisk
    from metricrig.service import Service
    from metricrig.tools import Executable


@frozen_by_name
class Site:
    """Where a service will be: inside, as others of the rig reach it, and as the test reaches it."""

    at: Placement
    inside: Addresses
    outside: Addresses
    directory: Path
    """The instance's directory as the test sees it."""
    user: tuple[int, int] | None
    """The user and group it runs as, unless they are our own."""
    owner: tuple[int, int] | None = None
    """The user and group that its files on our side are given to, unless they are our own."""
    locks_elsewhere: Path | None = None
    """The directory in which processes that share it lock what each of them uses, if they are not of this rig alone."""
    disk: OwnDisk | None = None
    """What its directory lies on, if that is its own."""
    clock: OwnClock | None = None
    """What it is told the time of day by, if that is its own."""

    @property
    def log(self) -> Path:
        """The file that its output goes to: beside its directory, so that the service may clear, or fill, that."""
        return self.beside(".log")

    def beside(self, ending: str) -> Path:
        """A file of ours beside its directory, and on no disk of its own."""
        return self.at.dir.with_name(f"{self.at.dir.name}{ending}")

    @property
    def locks(self) -> Path:
        """Where processes that share it lock what each of them uses: beside its data, because that may be wiped."""
        return self.locks_elsewhere or self.beside(".locks")


@frozen_by_name
class Launch:
    """A command, with everything decided: only executing is left."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None
    """Its working directory; None for the runtime's usual one."""
    out: Path
    err: Path | None = None
    stdin: Path | None = None
    stop_signal: int
    service: Service
    beside: bool = False
    """True for a command that runs beside the service."""


class Running(Protocol):
    """Something that was launched."""

    status: int | None
    """How it ended, negative for a signal; None while it runs, or if it was taken out of our hands."""
    refused: str | None
    """Why it could not be executed at all."""
    ended_at: float
    """When, on the monotonic clock; meaningful once it has exited."""
    exited: Latch

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def how(self) -> str:
        """How it ended, in words: ``exited with 1``, ``was removed by somebody else``."""

    @property
    def gone(self) -> bool:
        """Whether it has ended, even if ``exited`` is not set yet: a look, not a wait."""

    @property
    def here(self) -> bool:
        """Whether its processes are in this machine's table, under the pids that it says."""

    @property
    def frozen(self) -> bool:
        """Whether it lives and nothing of it runs: the kernel's word, not ours."""

    def listens(self, port: int) -> bool:
        """Whether the service itself listens on this port (its own number), and not only what forwards to it."""

    def resources(self) -> Resources:
        """What it and everything below it uses now."""

    def signal(self, number: int, *, tree: bool = False) -> None:
        """Send a signal to it, or to it and everything below it."""

    def freeze(self) -> None:
        """Stop it and everything below it, until ``SIGCONT``; when this returns, nothing of it runs."""

    def collect(self) -> None:
        """Make sure that nothing of it is left; returns when nothing is."""


class Disconnects(Protocol):
    """What has a network of its own that can be taken from it: a power of some of what was launched."""

    @property
    def private(self) -> bool:
        """Whether it is its own, and not this machine's."""

    @property
    def connected(self) -> bool:
        """Whether it has one now, by the word of whoever gives it."""

    @property
    def interfaces(self) -> set[str]:
        """What it sees of that itself, besides its own loopback."""

    def disconnect(self) -> None:
        """Take it."""

    def connect(self) -> None:
        """Give it back, as it was; fine if nothing is there any more."""


class Runtime(Protocol):
    """A place where services run, for one rig."""

    name: str
    rig: str
    directory: Path

    def place(self, service: Service) -> Site:
        """Decide addresses and directory; nothing runs yet."""

    def move(self, service: Service, site: Site, port: str) -> Site:
        """Another number for a port that somebody else holds."""

    def provide(self, service: Service) -> Executable | None:
        """The executable behind ``{tool}``, found or fetched; None if the service names a program itself."""

    def inhabit(self, service: Service, site: Site) -> Site:
        """Decide as whom it runs, now that its executable is known, and give that user its directory."""

    def program(self, word: str, environment: Mapping[str, str], executable: Executable | None) -> str:
        """The path of the program that a command names; one that lies beside the executable comes first."""

    @property
    def surroundings(self) -> Mapping[str, str]:
        """What the environment of everything that runs here begins with."""

    def unreserve(self, site: Site) -> bool:
        """Stop keeping its ports from others, for a server that cannot share them with us; False if none were kept."""

    def launch(self, site: Site, launch: Launch, on_exit: Callable[[Running], None] | None = None) -> Running:
        """Start a command."""

    def wiped(self, site: Site) -> None:
        """Its directory has been emptied: empty what stands for it elsewhere too, such as a volume."""

    def usurper(self, site: Site, running: Running) -> tuple[str, str] | None:
        """The name of a port that somebody else serves, and who."""

    def adopting(self, path: Path) -> AbstractContextManager[None]:
        """Have a path outside the rig removed, should this process die within the block."""

    def link_hosts(self) -> tuple[str, str]:
        """Addresses of this machine at which links listen: for the test, and for the services that run here."""

    def leave(self) -> None:
        """Release everything but the rig's directory; all that was launched has been collected."""

    def close(self, *, keep: bool) -> None:
        """Leave, and remove the rig's directory."""


def viewed(at: Placement, addresses: Addresses, url: str | None) -> Addresses:
    """The same addresses with the service's url rendered for whoever uses them."""
    template = url if url is not None else ("http://{host}:{port}" if addresses.ports else "")
    seen = replace(at, host=addresses.host, port=addresses.ports)
    return replace(addresses, url=seen.render(template))


def new_secret() -> str:
    """A password, random."""
    return base64.urlsafe_b64encode(os.urandom(18)).decode()  # as secrets does, without its 5 ms


def make_directory(directory: Path, user: tuple[int, int] | None) -> None:
    """An instance's directory, private to whoever it runs as."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(directory, *user)
