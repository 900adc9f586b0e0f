"""Where a service is: what its command and configuration are filled in with, and how others reach it."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from metricrig.tools import Executable


class Ports(dict[str, int]):
    """Ports by name. Used as a number in a text, ``{port}``, it is the first one."""

    def __missing__(self, name: str) -> int:
        known = ", ".join(self) or "none"
        raise UsageError(f"no port is named {name!r}; this service's ports are: {known}")

    @property
    def first(self) -> int:
        """The port that is meant when nobody says which."""
        if not self:
            raise UsageError('this service has no ports; give it some: Service(..., ports={"http": 8000})')
        return next(iter(self.values()))

    def __str__(self) -> str:
        return str(self.first)

    def __format__(self, spec: str) -> str:
        return format(self.first, spec)


@dataclass(frozen=True, slots=True)
class Addresses:
    """How somebody reaches a service. Who asks decides: a test and another service may need different ones."""

    host: str
    ports: Ports
    url: str

    @property
    def port(self) -> int:
        """The first (often only) port."""
        return self.ports.first

    def address(self, port: str | None = None) -> str:
        """``host:port``, of the first port unless one is named."""
        return f"{self.host}:{self.ports[port] if port else self.ports.first}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a runtime hands a service when it renders its command: everything *as seen from inside*."""

    rig: str
    name: str
    host: str
    port: Ports
    dir: Path
    secret: str
    """Random, this instance's own: a password for whoever wants one."""
    executable: Executable | None = None
    common: Path | None = None
    """The rig's shared directory, where services can have one."""

    @property
    def shared(self) -> Path:
        """A directory that all services of the rig have, at the same path, and the test too: ``rig.shared``."""
        if self.common is None:
            raise UsageError(
                f"{self.name}: there is no {{shared}} in an engine that does not see our files;"
                " each service has its own {dir}"
            )
        return self.common

    @property
    def tool(self) -> str:
        """The path of the service's executable."""
        return str(self._tool.path)

    @property
    def identity(self) -> str:
        """Something that changes whenever the executable does: for what is made with it and kept."""
        return self._tool.identity

    @property
    def version(self) -> str:
        """The version of the executable that was actually found."""
        return self._tool.version

    def at_least(self, version: str) -> bool:
        """Whether the executable is at least this version: flags are chosen by what was found."""
        return self._tool.at_least(version)

    @property
    def _tool(self) -> Executable:
        if self.executable is None:
            raise UsageError(f"{self.name} has no tool; give it one: Service(..., tool=Tool(...)), or name the program")
        return self.executable

    def address(self, port: str | None = None) -> str:
        """``host:port``, of the first port unless one is named."""
        return f"{self.host}:{self.port[port] if port else self.port.first}"

    def render(self, text: str) -> str:
        """A text with its placeholders filled in."""
        if "{" not in text and "}" not in text:  # most words of a command; parsing them all costs 0.1 ms a start
            return text
        check_placeholders(self.name, text)
        fields = {name: getattr(self, name) for name in placeholders_in(text)}
        return string.Formatter().vformat(text, (), fields)

    def render_all(self, texts: Sequence[str]) -> list[str]:
        """Each text of a list, rendered."""
        return [self.render(text) for text in texts]


def shared_in(directory: Path) -> Path:
    """What all services of a rig share; no service can have this name."""
    return directory / ".shared"


PLACEHOLDERS = ("rig", "name", "host", "port", "dir", "shared", "secret", "tool", "version")


def check_placeholders(service: str, text: str) -> None:
    """Refuse a text with a placeholder that nobody fills in, at the moment it is given."""
    for name in placeholders_in(text):
        if name not in PLACEHOLDERS:
            raise UsageError(
                f"{service}: unknown placeholder {{{name}}} in {_shortened(text)!r}\n"
                f"  known: {', '.join(f'{{{each}}}' for each in PLACEHOLDERS)}, and {{port[name]}}\n"
                f"  a brace that is meant literally is doubled, {{{{ }}}}, or use a function of the placement",
            )


def placeholders_in(text: str) -> Iterator[str]:
    """The names between braces, without what is asked of them: ``port`` of ``{port[http]}``."""
    try:
        for _, field, spec, _ in string.Formatter().parse(text):
            if field is not None:
                yield field.partition("[")[0].partition(".")[0]
                yield from placeholders_in(spec or "")
    except ValueError as error:
        raise UsageError(f"{_shortened(text)!r}: {error}; a brace meant literally is doubled: {{{{ }}}}") from error


def _shortened(text: Any, limit: int = 100) -> str:
    shown = str(text)
    return shown if len(shown) <= limit else f"{shown[:limit]}…"
