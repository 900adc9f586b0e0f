"""Checks of a service's fields when it is described: for those who do not use mypy, what mypy would say."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricrig import placeholders
from metricrig._core.arguments import HIGHEST_PORT, byte_count, command, seconds, signal_number, text, wrong
from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*", re.IGNORECASE)
"""What rigs and services may be called: their directories, containers and networks are named after them."""
_USER = re.compile(r"[^:\s\0]+(:\d+)?")
LEAST_DISK = 64 << 10
"""Bytes: sixteen pages of memory."""


def check(service: Any) -> None:
    """Refuse what cannot work. What is given as a path where a text is wanted becomes one."""
    check_name("a service's name", service.name)
    for name, looked_at in _CHECKS.items():
        value = getattr(service, name)
        if value is not None or name not in _OPTIONAL:
            looked_at(service, value)
    for written in _templates(service):
        placeholders.check(service.name, written, service.ports)


def check_name(what: str, name: Any) -> None:
    """Of a service or a rig."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UsageError(f"{what} is letters, digits, '_', '.' and '-', not {name!r}")


def _command(service: Any, given: Any) -> None:
    if not callable(given):
        _set(service, "command", command(service.name, given))


def _tool(service: Any, given: Any) -> None:
    from metricrig.tools import Tool  # noqa: PLC0415 - who has a tool has it from there

    if not isinstance(given, Tool):
        own = 'tool=Tool("name", ("program",)), from metricrig.tools'
        raise wrong(service.name, "tool", given, f"{own}; those of the catalogue are in metricrig.services: REDIS")


def _image(service: Any, given: Any) -> None:
    from metricrig.tools import Image  # noqa: PLC0415 - as above

    if not isinstance(given, str | Image):
        raise wrong(service.name, "image", given, 'image="redis:7.2", or image=Image("redis:7.2", ...)')


def _ports(service: Any, given: Any) -> None:
    if not isinstance(given, Mapping):
        raise wrong(service.name, "ports", given, f"names and their usual numbers: ports={_likely_ports(given)}")
    for name, number in given.items():
        usual = getattr(number, "inside", number)
        if not isinstance(name, str) or not re.fullmatch(r"[^\[\]{}\s]+", name):
            raise UsageError(f'{service.name}: ports are names and numbers, {{"http": 8000}}, not {{{name!r}: ...}}')
        if isinstance(usual, bool) or not isinstance(usual, int) or not 0 <= usual <= HIGHEST_PORT:
            raise UsageError(
                f'{service.name}: ports are names and numbers, {{"http": 8000}}, not {{{name!r}: {number!r}}}'
            )
    fixed = [number.number for number in given.values() if hasattr(number, "inside")]
    if twice := {each for each in fixed if fixed.count(each) > 1}:
        raise UsageError(f"{service.name}: two of its ports are Fixed({twice.pop()}); each needs a number of its own")


def _likely_ports(given: Any) -> str:
    if isinstance(given, Sequence) and given and all(isinstance(each, str) and each for each in given):
        names = [given] if isinstance(given, str) else given
        return "{" + ", ".join(f'"{name}": {8000 + number}' for number, name in enumerate(names)) + "}"
    return '{"http": 8000}'


def _env(service: Any, given: Any) -> None:
    if not callable(given):
        _set(service, "env", environment(service.name, given))


def environment(service: str, given: Any) -> dict[str, str]:
    """Names and texts."""
    if not isinstance(given, Mapping):
        raise wrong(
            service, "env", given, 'names and texts: env={"LOG_LEVEL": "debug"}, or a function of the placement'
        )
    checked = {}
    for name, value in given.items():
        if isinstance(value, os.PathLike):
            value = os.fspath(value)  # noqa: PLW2901 - the same as a text
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            raise UsageError(f"{service}: env has names and texts, and {name!r} is no name")
        if not isinstance(value, str):
            raise UsageError(f"{service}: env[{name!r}] is a text, {str(value)!r}, not {value!r}")
        checked[name] = value
    return checked


def _files(service: Any, given: Any) -> None:
    if not isinstance(given, Mapping):
        raise wrong(service.name, "files", given, 'names and contents: files={"app.ini": "port = {port}"}')
    for name, content in given.items():
        if not isinstance(name, str) or not name.strip("./"):
            raise UsageError(f"{service.name}: files has names and contents, and {name!r} is no name of a file")
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UsageError(f"{service.name}: file {name!r} would lie outside of the instance's directory")
        if not callable(content) and not isinstance(content, str | bytes | Path):
            right = "a text (with placeholders), bytes, a Path to copy, or a function of the placement"
            raise wrong(service.name, f"files[{name!r}]", content, right)


def _ready(service: Any, given: Any) -> None:
    from metricrig.probe import as_probe  # noqa: PLC0415 - who says when it is ready has it from there

    probe = as_probe(given, f"{service.name}: ready")
    for port, words in _asked(probe):
        if port is not None and port not in service.ports:
            known = ", ".join(map(repr, service.ports)) or 'none; give it some: ports={"http": 8000}'
            raise UsageError(f"{service.name}: ready asks port {port!r}, and its ports are: {known}")
        for word in words:
            placeholders.check(service.name, word, service.ports)


def _asked(probe: Any) -> Iterator[tuple[str | None, Sequence[str]]]:
    """The port that a probe and those within it ask, and the texts with placeholders."""
    yield getattr(probe, "port", None), getattr(probe, "command", ())
    for each in getattr(probe, "probes", ()):
        yield from _asked(each)


def _metrics(service: Any, given: Any) -> None:
    if not isinstance(given, str) or not (given.startswith(("/", "{")) or "://" in given):
        right = 'a path, metrics="/metrics", or a whole URL: metrics="http://{host}:{port[admin]}/metrics"'
        raise wrong(service.name, "metrics", given, right)


def _needs(service: Any, given: Any) -> None:
    if isinstance(given, str) or not isinstance(given, Sequence):
        one = repr(given) if isinstance(given, str) else getattr(given, "name", "redis")
        raise wrong(service.name, "needs", given, f"a list: needs=[{one}]")
    for need in given:
        if not isinstance(need, str) and (isinstance(need, type) or not isinstance(getattr(need, "name", None), str)):
            raise UsageError(f"{service.name}: needs are instances or their names, not {need!r}")


def _place(name: str, example: str) -> Callable[[Any, Any], None]:
    """A path, or a text with placeholders that becomes one; kept as a text."""

    def look(service: Any, given: Any) -> None:
        words = os.fspath(given) if isinstance(given, Path) else given
        _set(service, name, text(service.name, name, words, f'{name}="{example}"'))

    return look


def _user(service: Any, given: Any) -> None:
    if not (isinstance(given, str) and _USER.fullmatch(given)):
        raise UsageError(
            f"{service.name}: user is a name or a number, and perhaps the number of a group, not {given!r}\n"
            f'  what works: user="nobody", user="1000", user="1000:1000"'
        )


def _limits(service: Any, given: Any) -> None:
    cpus, memory, disk = (getattr(given, each, ...) for each in ("cpus", "memory", "disk"))
    if not (cpus is None or _positive(cpus, float)) or not (memory is None or _positive(memory, int)):
        raise wrong(service.name, "limits", given, "limits=Limits(cpus=0.5, memory=256 << 20)")
    if disk is not None and byte_count(f"{service.name}: Limits", "disk", disk) < LEAST_DISK:
        raise wrong(f"{service.name}: Limits", "disk", disk, 'a disk of at least 64 KiB: disk="64MB"')


def _positive(given: Any, kind: type[int | float]) -> bool:
    return isinstance(given, (int, kind)) and not isinstance(given, bool) and 0 < given < 1 << 62


def _stop_signal(service: Any, given: Any) -> None:
    signal_number(service.name, "stop_signal", given)


def _prepare(service: Any, given: Any) -> None:
    if not callable(given):
        raise wrong(service.name, "prepare", given, "a function that is called before the first start: prepare=fill")


def _within(name: str) -> Callable[[Any, Any], None]:
    def look(service: Any, given: Any) -> None:
        seconds(service.name, name, given)

    return look


def _text(name: str, example: str) -> Callable[[Any, Any], None]:
    def look(service: Any, given: Any) -> None:
        text(service.name, name, given, f'{name}="{example}"')

    return look


def _flag(name: str) -> Callable[[Any, Any], None]:
    def look(service: Any, given: Any) -> None:
        if not isinstance(given, bool):
            raise wrong(service.name, name, given, f"{name}=True")

    return look


def _set(service: Any, name: str, value: Any) -> None:
    object.__setattr__(service, name, value)


def _templates(service: Any) -> Iterator[str]:
    """All texts with placeholders."""
    yield from (each for each in (service.url, service.cwd, service.metrics, service.trust) if each is not None)
    yield from () if callable(service.command) else service.command
    yield from () if callable(service.env) else service.env.values()
    yield from (content for content in service.files.values() if isinstance(content, str))


_OPTIONAL = {
    "tool",
    "version",
    "image",
    "limits",
    "runtime",
    "ready",
    "metrics",
    "trust",
    "url",
    "cwd",
    "user",
    "prepare",
}

_CHECKS: dict[str, Callable[[Any, Any], None]] = {
    "command": _command,
    "tool": _tool,
    "version": _text("version", ">=7"),
    "image": _image,
    "limits": _limits,
    "runtime": _text("runtime", "docker"),
    "ports": _ports,
    "env": _env,
    "files": _files,
    "ready": _ready,
    "metrics": _metrics,
    "needs": _needs,
    "url": _text("url", "redis://{host}:{port}"),
    "cwd": _place("cwd", "{dir}"),
    "trust": _place("trust", "{dir}/authority.pem"),
    "user": _user,
    "unprivileged": _flag("unprivileged"),
    "own_clock": _flag("own_clock"),
    "stop_signal": _stop_signal,
    "start_within": _within("start_within"),
    "stop_within": _within("stop_within"),
    "prepare": _prepare,
}
