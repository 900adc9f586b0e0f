"""The texts of a service rendered for one placement: its command, its environment, its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core import arguments
from metricrig._core.user_code import call
from metricrig.service_fields import environment

if TYPE_CHECKING:
    from metricrig.placement import Placement
    from metricrig.service import FileContent, Service


def command_of(service: Service, at: Placement) -> list[str]:
    """Its command."""
    if not callable(service.command):
        return at.render_all(service.command)
    made = call(service.name, "command", service.command, at)
    return arguments.command(f"{service.name}: its command function has returned", made)


def environment_of(service: Service, at: Placement) -> dict[str, str]:
    """What it adds to the environment."""
    if not callable(service.env):
        return {name: at.render(value) for name, value in service.env.items()}
    made = call(service.name, "env", service.env, at)
    return environment(f"{service.name}: its env function has returned", made)


def content_of(service: Service, name: str, at: Placement) -> bytes:
    """What is in one of its files."""
    content: FileContent = service.files[name]
    if isinstance(content, Path):
        return content.read_bytes()
    if callable(content):
        content = call(service.name, f"files[{name!r}]", content, at)
        if not isinstance(content, str | bytes):
            who = f"{service.name}: its function for files has returned"
            raise arguments.wrong(who, f"files[{name!r}]", content, "a text or bytes")
    elif isinstance(content, str):
        content = at.render(content)
    return content.encode() if isinstance(content, str) else content
