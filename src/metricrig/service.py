"""A service: the frozen description of a real program. It knows nothing of where and how it will run."""

from __future__ import annotations

import copy
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from metricrig import service_fields
from metricrig._core.arguments import byte_count, port_number
from metricrig._core.errors import UsageError
from metricrig._core.frozen_class import frozen, frozen_by_name

if TYPE_CHECKING:
    from metricrig._core.exit_status import Completed
    from metricrig.placement import Placement
    from metricrig.probe import Readiness
    from metricrig.tools import Image, Tool

Word = str | PathLike[str]
Command = Sequence[Word] | Callable[["Placement"], Sequence[Word]]
Environment = Mapping[str, str] | Callable[["Placement"], Mapping[str, str]]
FileContent = str | bytes | Path | Callable[["Placement"], str | bytes]


@runtime_checkable
class Named(Protocol):
    """Anything with a name: an instance of the rig."""

    @property
    def name(self) -> str:
        """The name."""


class Workbench(Protocol):
    """What a service's ``prepare`` may use, before its first start."""

    at: Placement
    unprivileged: tuple[int, int] | None
    """The user and group that its files are given to, where that is not ourselves."""
    directory: Path
    """The instance's directory as we reach it: ``at.dir`` is how the service does."""

    def run(self, command: Sequence[Word]) -> Completed:
        """Run a command to its end, as the service's own user; failing is an error."""

    def adopting(self, path: Path) -> Any:
        """A context in which ``path`` is removed should this process die."""


@frozen
class Fixed:
    """A port of this machine that a service gets, or does not start: ``ports={"http": Fixed(8080)}``.

    For programs and people that know a number. ``inside`` is the number that the program listens on in a container,
    where that is another one: ``Fixed(8080, inside=80)``.
    """

    number: int
    inside: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "inside", self.inside or self.number)
        for name in ("number", "inside"):
            port_number("Fixed", name, getattr(self, name))


@frozen_by_name
class Limits:
    """What a service may use: processors (0.5 is half of one) and bytes of memory, swap included.

    ``disk`` gives it a disk of its own of this size, 64 << 20 or "64MB", for its directory: one that can become full.
    It is in memory, and its log lies elsewhere.
    """

    cpus: float | None = None
    memory: int | None = None
    disk: int | str | None = None

    @property
    def disk_bytes(self) -> int | None:
        """The size of its disk; None if it has none of its own."""
        return None if self.disk is None else byte_count("Limits", "disk", self.disk)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A real program, described: what to run, what it listens on, when it is ready.

    Texts in ``command``, ``env``, ``files``, ``url`` and ``cwd`` have placeholders: ``{host}``, ``{port}`` or
    ``{port[name]}``, ``{dir}`` (the instance's own directory), ``{shared}`` (that of all services of the rig),
    ``{tool}``, ``{version}``, ``{name}``, ``{rig}``, ``{secret}``. Where braces get in the way, give a function of
    the placement: ``lambda at: ["x", at.address()]``.
    """

    name: str
    command: Command
    """A list, never a shell's line."""
    tool: Tool | None = None
    """The executable behind ``{tool}``; without one, the command's first word is looked up on PATH."""
    version: str | None = None
    """The version of the tool that is wanted: "1.128.0" or ">=1.88"."""
    image: str | Image | None = None
    """What it runs from in a container; a tool of the catalogue knows its own."""
    limits: Limits | None = None
    """What it may use; a process can be held to its disk, a container to all of it."""
    own_clock: bool = False
    """Whether it has a clock of its own, which a test can put wrong: ``instance.clock(offset=3600)``."""
    runtime: str | None = None
    """Where it runs, if elsewhere than the rest of its rig: "docker" in a rig of processes."""
    ports: Mapping[str, int | Fixed] = field(default_factory=dict)
    """Names and usual numbers. A process gets free ports; a container keeps the usual ones inside. ``Fixed(8080)`` is
    this number and no other."""
    env: Environment = field(default_factory=dict)
    """Added to the environment of the test."""
    files: Mapping[str, FileContent] = field(default_factory=dict)
    """Written into the instance's directory: a text is a template, bytes are not, a Path is copied."""
    ready: Readiness | None = None
    """When it is ready; unless given: when all its ports accept connections."""
    metrics: str | None = None
    """Its metrics page: a path on the first port, or a whole URL: ``http://{host}:{port[admin]}/metrics``."""
    trust: str | Path | None = None
    """The PEM file with the authority of its https pages, where the system does not know it: "{dir}/authority.pem"."""
    needs: Sequence[Named | str] = ()
    """What has to be ready before this starts."""
    url: str | None = None
    """How it is addressed; unless given ``http://{host}:{port}``."""
    cwd: str | Path | None = None
    """Where it runs; unless given, where the test runs."""
    user: str | None = None
    """As whom it runs, if not as the test does: "nobody", "1000" or "1000:1000". A name is one of this machine, or in a
    container one of the image."""
    unprivileged: bool = False
    """Run as an ordinary user even when the tests run as root, because the program refuses root."""
    stop_signal: int = signal.SIGTERM
    """What asks it to stop: another one for a program that drains, or aborts, at SIGTERM."""
    start_within: float = 30.0
    stop_within: float = 10.0
    prepare: Callable[[Workbench], None] | None = None
    """Called once before the first start, with the files in place."""

    def __post_init__(self) -> None:
        service_fields.check(self)

    def but(self, **changes: Any) -> Self:
        """The same service with some fields changed: ``Redis().but(name="cache", start_within=5)``."""
        known = {each.name for each in fields(self)}
        if unknown := changes.keys() - known:
            raise UsageError(f"Service has no {', '.join(sorted(unknown))}; it has: {', '.join(sorted(known))}")
        twin = copy.copy(self)
        for name, value in changes.items():
            object.__setattr__(twin, name, value)
        Service.__post_init__(twin)
        return twin

    def attached_to(self, url: str) -> Self:
        """The same as somebody else runs it at this URL: nothing that would only matter to its start.

        A subclass knows how to tell its server from another one, and has that asked as ``ready``.
        """
        metrics = f"{url.rstrip('/')}{self.metrics}" if self.metrics and self.metrics.startswith("/") else self.metrics
        literal = metrics and metrics.replace("{", "{{").replace("}", "}}")
        return self.but(
            files={},
            needs=(),
            prepare=None,
            runtime=None,
            user=None,
            unprivileged=False,
            own_clock=False,
            metrics=literal,
        )

    @property
    def needed(self) -> tuple[str, ...]:
        """The names of what has to be ready first."""
        return tuple(needed_name(need) for need in self.needs)

    @property
    def usual_ports(self) -> dict[str, int]:
        """The number of each port where it has a machine of its own."""
        return {name: each.inside if isinstance(each, Fixed) else each for name, each in self.ports.items()}

    @property
    def fixed_ports(self) -> dict[str, int]:
        """The numbers that were asked for, of this machine."""
        return {name: each.number for name, each in self.ports.items() if isinstance(each, Fixed)}


def needed_name(need: Named | str) -> str:
    """The name of what has to be ready: who needs a link needs the service that it leads to."""
    return need if isinstance(need, str) else getattr(need, "leads_to", "") or need.name


def relied_on(service: Service) -> set[str]:
    """The names of what it needs, of what that needs, and of the links in between, as far as it says so itself."""
    names: set[str] = set()
    for need in service.needs:
        names.add(needed_name(need))
        if not isinstance(need, str):
            further = getattr(need, "service", None)
            names |= {need.name} | (relied_on(further) if isinstance(further, Service) else set())
    return names


def require_service(what: str, given: Any) -> Service:
    """What a method of the rig was given, which is a service."""
    if isinstance(given, Service):
        return given
    right = f"{given.__name__}()" if isinstance(given, type) else "Redis()"
    raise UsageError(
        f"rig.{what} takes a Service, such as Redis() or Service(name=..., command=[...]), not {given!r}\n"
        f"  what works: rig.{what}({right})"
    )
