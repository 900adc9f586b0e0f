"""What runs: a frozen description of a real program. It knows nothing of where and how it will run."""

from __future__ import annotations

import copy
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from metricrig._core.errors import UsageError
from metricrig.placement import Placement, check_placeholders

if TYPE_CHECKING:
    from metricrig._core.exits import Completed
    from metricrig.probes import Readiness
    from metricrig.tools import Image, Tool

Command = Sequence[str] | Callable[[Placement], Sequence[str]]
Environment = Mapping[str, str] | Callable[[Placement], Mapping[str, str]]
FileContent = str | bytes | Path | Callable[[Placement], str | bytes]

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*", re.IGNORECASE)
"""What rigs and services may be called: their directories, containers and networks are named after them."""
_USER = re.compile(r"[^:\s]+(:\d+)?")


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

    def run(self, command: Sequence[str]) -> Completed:
        """Run a command to its end, as the service's own user; failing is an error."""

    def adopting(self, path: Path) -> Any:
        """A context in which ``path`` is removed should this process die."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a service may use: processors (0.5 is half of one) and bytes of memory, swap included."""

    cpus: float | None = None
    memory: int | None = None


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
    """What it may use; only a container can be held to that."""
    runtime: str | None = None
    """Where it runs, if elsewhere than the rest of its rig: "docker" in a rig of processes."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Names and usual numbers. A process gets free ports; a container keeps the usual ones inside."""
    env: Environment = field(default_factory=dict)
    """Added to the environment of the test."""
    files: Mapping[str, FileContent] = field(default_factory=dict)
    """Written into the instance's directory: a text is a template, bytes are not, a Path is copied."""
    ready: Readiness | None = None
    """When it is ready; unless given: when all its ports accept connections."""
    metrics: str | None = None
    """Its metrics page: a path on the first port, or a whole URL: ``http://{host}:{port[admin]}/metrics``."""
    needs: Sequence[Named | str] = ()
    """What has to be ready before this starts."""
    url: str | None = None
    """How it is addressed; unless given ``http://{host}:{port}``."""
    cwd: str | None = None
    """Where it runs; unless given, where the test runs."""
    user: str | None = None
    """As whom it runs, if not as the test does: "nobody", "1000" or "1000:1000". A name is one of this machine, or in a
    container one of the image."""
    unprivileged: bool = False
    """Run as an ordinary user even when the tests run as root, because the program refuses root."""
    stop_signal: signal.Signals = signal.SIGTERM
    start_within: float = 30.0
    stop_within: float = 10.0
    prepare: Callable[[Workbench], None] | None = None
    """Called once before the first start, with the files in place."""

    def __post_init__(self) -> None:
        _check_types(self)
        _check_user(self)
        for text in _templates(self):
            check_placeholders(self.name, text)

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

    @property
    def needed(self) -> tuple[str, ...]:
        """The names of what has to be ready first."""
        return tuple(need if isinstance(need, str) else need.name for need in self.needs)


def _check_types(service: Any) -> None:
    """What mypy tells those who use it, for those who do not."""
    if not isinstance(service.name, str) or not NAME.fullmatch(service.name):
        raise UsageError(f"a service's name is letters, digits, '_', '.' and '-', not {service.name!r}")
    if isinstance(service.command, str):
        right = service.command.split()
        raise UsageError(f"{service.name}: command={service.command!r} is one text\n  it is a list: command={right!r}")
    if not callable(service.command) and not (
        isinstance(service.command, Sequence) and service.command and all(isinstance(w, str) for w in service.command)
    ):
        raise UsageError(f"{service.name}: command is a list of texts or a function, not {service.command!r}")
    for name, number in service.ports.items():
        if not isinstance(name, str) or not isinstance(number, int):
            raise UsageError(
                f'{service.name}: ports are names and numbers, {{"http": 8000}}, not {{{name!r}: {number!r}}}'
            )
    for need in service.needs:
        if not isinstance(need, str | Named):
            raise UsageError(f"{service.name}: needs are instances or their names, not {need!r}")
    for path in service.files:
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise UsageError(f"{service.name}: file {path!r} would lie outside of the instance's directory")


def _check_user(service: Any) -> None:
    if service.user is not None and not (isinstance(service.user, str) and _USER.fullmatch(service.user)):
        raise UsageError(
            f"{service.name}: user is a name or a number, and perhaps the number of a group, not {service.user!r}\n"
            f'  what works: user="nobody", user="1000", user="1000:1000"'
        )


def _templates(service: Service) -> list[str]:
    """All texts with placeholders."""
    texts = [text for text in (service.url, service.cwd, service.metrics) if text is not None]
    if not callable(service.command):
        texts += service.command
    if not callable(service.env):
        for name, value in service.env.items():
            if not isinstance(value, str):
                raise UsageError(f"{service.name}: env[{name!r}] is a text, {str(value)!r}, not {value!r}")
            texts.append(value)
    return texts + [content for content in service.files.values() if isinstance(content, str)]
