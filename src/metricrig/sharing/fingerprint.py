"""The fingerprint of a service: a digest of everything that decides how it runs, to find a server that is the same."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricrig._core.ports import LOOPBACK
from metricrig.lifecycle.rendered_texts import command_of, content_of, environment_of
from metricrig.placement import Placement, Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.service import Service
    from metricrig.tools import Executable


def fingerprint(service: Service, executable: Executable | None) -> str:
    """The same for the same server, wherever it is placed; another for anything that could make it another."""
    digest = hashlib.sha256()
    for word in _words(service, executable):
        digest.update(word if isinstance(word, bytes) else word.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _words(service: Service, executable: Executable | None) -> Iterator[str | bytes]:
    at = Placement(
        rig="rig",
        name=service.name,
        host=LOOPBACK,
        port=Ports(service.usual_ports),
        dir=Path("/dir"),
        secret="secret",  # noqa: S106 - every placement has another: here it must not count
        executable=executable,
        common=Path("/shared"),
    )
    yield f"{type(service).__module__}.{type(service).__qualname__}"
    yield f"{executable.path} {executable.version} {executable.image}" if executable else "no tool"
    yield from (str(service.image), str(service.limits), str(service.runtime), str(service.user))
    yield from command_of(service, at)
    yield from (f"{name}={value}" for name, value in sorted(environment_of(service, at).items()))
    for name in sorted(service.files):
        yield name
        yield content_of(service, name, at)
    yield from (str(service.ports), str(service.url), str(service.metrics), str(service.cwd), str(service.ready))
    yield from (str(service.needed), str(service.stop_signal), described(service.prepare))
    yield from (str(service.unprivileged), str(service.own_clock))


def described(thing: Any) -> str:
    """What a value or a function is, in words that another process finds too.

    A function is its code and what it has closed over: one that was edited is another.
    """
    if isinstance(thing, functools.partial):
        return f"{described(thing.func)}({described(thing.args)}, {described(thing.keywords)})"
    code = getattr(thing, "__code__", None)
    if code is not None:
        cells = [described(each.cell_contents) for each in thing.__closure__ or ()]
        return f"{thing.__module__}.{thing.__qualname__} {code.co_code.hex()} {_constants(code)} {cells}"
    if is_dataclass(thing) and not isinstance(thing, type):
        return f"{type(thing).__qualname__}({[described(getattr(thing, each.name)) for each in fields(thing)]})"
    if isinstance(thing, dict):
        return str({str(key): described(value) for key, value in thing.items()})
    if isinstance(thing, list | tuple):
        return str([described(each) for each in thing])
    return repr(thing)


def _constants(code: Any) -> list[str]:
    """Functions within are constants as well, whose own representation has an address in it."""
    return [_constants(each).__repr__() if hasattr(each, "co_code") else repr(each) for each in code.co_consts]
