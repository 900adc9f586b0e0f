"""Which image a service runs from, and which version of its tool is in there."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError

from metricrig._core.cache_directory import cache_root
from metricrig._core.errors import Unavailable, UsageError
from metricrig.runtimes.docker.engine.errors import engine_message
from metricrig.runtimes.docker.removal import remove_container
from metricrig.tools import Executable, Image
from metricrig.tools.tool_request import request_for
from metricrig.tools.version_numbers import normalised

if TYPE_CHECKING:
    from metricrig.runtimes.docker.engine.connection import ContainerEngine
    from metricrig.service import Service
    from metricrig.tools import Tool
    from metricrig.tools.tool_request import ToolRequest

_ANSWER_WITHIN = 30
_PREFIX = re.compile(r"^(docker\.io/(library/)?|localhost/)")
"""What Podman puts before names that have no registry."""


def image_of(engine: ContainerEngine, service: Service) -> Image:
    """What the service says, what the environment says of its tool, or what the catalogue knows of it."""
    tool = service.tool
    if service.image is not None:
        own = service.image if isinstance(service.image, Image) else Image(service.image)
        return own if own.program or tool is None or tool.image is None else replace(own, program=tool.image.program)
    if tool is None or tool.image is None:
        raise UsageError(
            f'{service.name} has no image, and runs in a container; say Service(..., image="name:tag"), or\n'
            f'  image=Image("name", build=Path("folder")) for one that is built from a folder with a Dockerfile'
        )
    if name := os.environ.get(tool.variable("IMAGE")):
        return replace(tool.image, name=name)
    request = request_for(tool, service.version, None)
    version = _version(engine, tool.image, request)
    return replace(tool.image, name=tool.image.name.replace("{version}", version))


@functools.lru_cache(maxsize=64)
def _version(engine: ContainerEngine, image: Image, request: ToolRequest) -> str:
    """The one to run: what the engine has, the newest of it, before anything is pulled.

    Remembered, because listing images costs 7 ms of every start; whether it is still there is looked at each time.
    """
    from packaging.version import Version  # noqa: PLC0415 - only where several are to choose from

    before, _, after = image.name.partition("{version}")
    names: list[str] = [name for each in engine.client.images() for name in each["RepoTags"] or ()]
    names = [_PREFIX.sub("", name) for name in names]
    here = [name.removeprefix(before).removesuffix(after) for name in names if name.startswith(before)]
    fitting = [each for each in here if normalised(each) == each and request.satisfied_by(each)]
    if fitting:
        return image.preferred if image.preferred in fitting else max(fitting, key=Version)
    if request.exact or request.satisfied_by(image.preferred):
        return request.exact or image.preferred
    raise Unavailable(
        f"an image of {request.tool.name} {request.wanted}",
        reason=f"the engine has {', '.join(sorted(here)) or 'none'}, and a range does not say what to pull",
        remedy=f'ask for an exact version, such as "{image.preferred}", or set {request.tool.variable("IMAGE")}',
    )


def executable_in_image(
    engine: ContainerEngine, service: Service, image: Image, identity: str, labels: dict[str, str]
) -> Executable | None:
    """The tool's executable in this image; it is an error if its version is not what was asked for."""
    tool = service.tool
    if tool is None:
        return None
    found = image.version or _version_of(engine, tool, image, identity, labels)
    request = request_for(tool, service.version, None)
    if not request.satisfied_by(found):
        raise Unavailable(
            f"{tool.name} {request.wanted}",
            reason=f"the image {image.name} has {found or 'a version that it does not tell'}",
            remedy="name another image, or ask for another version"
            + ("" if found else '; if you know which it has: Image(..., version="1.2.3")'),
        )
    return Executable(tool.name, Path(image.program), found, f"image {image.name}", image=identity)


def _version_of(engine: ContainerEngine, tool: Tool, image: Image, identity: str, labels: dict[str, str]) -> str:
    """What the program says of itself, or else its image's name; remembered: asking takes half a second."""
    digest = hashlib.sha256(f"{identity} {image.program} {tool.version_args}".encode()).hexdigest()
    note = cache_root() / "image-versions" / f"{digest[:32]}.json"
    with suppress(OSError, ValueError):
        return str(json.loads(note.read_text())["version"])
    match = re.search(tool.version_pattern, _asked(engine, tool, image, identity, labels))
    version = normalised(match.group(1)) if match else _tagged(tool, image)
    if version:
        with suppress(OSError):
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps({"version": version, "image": image.name}))
    return version


def _tagged(tool: Tool, image: Image) -> str:
    """The version in an official name: some builds of a program do not know their own."""
    before, _, after = tool.image.name.partition("{version}") if tool.image else ("", "", "")
    tag = image.name.removeprefix(before).removesuffix(after)
    return tag if before and image.name.startswith(before) and normalised(tag) == tag else ""


def _asked(engine: ContainerEngine, tool: Tool, image: Image, identity: str, labels: dict[str, str]) -> str:
    """The output of the program that is asked for its version, in a container of its own without a network."""
    client = engine.client
    container = client.create_container(
        identity,
        entrypoint=[image.program],
        command=list(tool.version_args),
        user="0:0" if engine.rootless else f"{os.geteuid()}:{os.getegid()}",
        network_disabled=True,
        labels=labels,
    )["Id"]
    try:
        client.start(container)
        client.wait(container, timeout=_ANSWER_WITHIN)
        answer: bytes = client.logs(container)
        return answer.decode(errors="replace")
    except APIError as error:
        raise Unavailable(
            f"the version of {image.name}",
            reason=f"its program cannot be asked: {engine_message(error)}",
            remedy="see whether the engine runs containers at all: docker run --rm hello-world",
        ) from error
    finally:
        remove_container(client, container)
