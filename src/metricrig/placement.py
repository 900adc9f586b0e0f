"""The placement of a service: what its command and configuration are rendered with, and how others reach it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig._core.frozen_class import frozen, frozen_by_name
from metricrig.placeholders import rendered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from metricrig.tools import Executable


class Ports(dict[str, int]):
    """Ports by name. Used as a number in a text, ``{port}``, it is the first one."""

    def __getitem__(self, name: Any) -> int:
        return super().__getitem__(name) if isinstance(name, str) else self.__missing__(name)

    def __missing__(self, name: object) -> int:
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


@frozen
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


@frozen_by_name
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
        return rendered(self.name, text, self._value)

    def render_all(self, texts: Sequence[str | os.PathLike[str]]) -> list[str]:
        """Each text of a list, rendered; a path is a text too."""
        return [self.render(os.fspath(text)) for text in texts]

    def _value(self, name: str, index: str | None) -> str:
        """Of a placeholder."""
        value = getattr(self, name)
        return str(value if index is None else value[index])


def shared_in(directory: Path) -> Path:
    """What all services of a rig share; no service can have this name."""
    return directory / ".shared"
