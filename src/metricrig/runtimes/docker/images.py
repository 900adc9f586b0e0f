"""Having an image: there already, built from a folder, or pulled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, BuildError, DockerException, ImageNotFound

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import Unavailable, UsageError
from metricrig._core.events import ImageObtained, ImageProgressed, everything

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metricrig.runtimes.docker.engine import Engine
    from metricrig.tools import Image

_POLICIES = ("missing", "always", "never")


def have(engine: Engine, image: Image) -> str:
    """The id of this image in the engine; building and pulling are no part of the time that a start may take."""
    if image.pull not in _POLICIES:
        raise UsageError(f"{image.name}: pull is one of {', '.join(_POLICIES)}, not {image.pull!r}")
    if image.build is not None and image.files:
        raise UsageError(f"{image.name}: it is built from a folder or made of files, not both")
    began = time.monotonic()
    is_pulled = image.build is None and not image.files
    if is_pulled and image.pull != "always" and (found := _find(engine, image)) is not None:
        return found
    is_new = _obtain(engine, image)
    if (found := _find(engine, image)) is None:
        raise _lacking(image, "the engine says that it has it now, and yet has it not", "try again")
    if is_new:
        everything.emit(ImageObtained(image=image.name, identity=found, seconds=time.monotonic() - began))
    return found


def _obtain(engine: Engine, image: Image) -> bool:
    """Build, make or pull it; whether anything had to be done."""
    if image.files:
        from metricrig.runtimes.docker.making import make  # noqa: PLC0415 - few images are made here

        return make(engine, image)
    if image.build is not None:
        _build(engine, image)
    else:
        _pull(engine, image)
    return True


def _find(engine: Engine, image: Image) -> str | None:
    """Its id, if it is there and fits."""
    try:
        facts: dict[str, Any] = engine.client.inspect_image(image.name)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        return None
    wanted = image.platform or engine.platform
    has = f"{facts['Os']}/{facts['Architecture']}"
    if facts["Architecture"] and not wanted.startswith(has):
        if image.platform:  # the same name for another platform may be had
            return None
        raise _lacking(
            image,
            f"it is for {has}, and the engine is for {engine.platform}",
            f'take an image for {engine.platform}, or say platform="{has}" if the engine can emulate that',
        )
    return str(facts["Id"])


def _pull(engine: Engine, image: Image) -> None:
    """With the credentials of the user's own configuration: the client looks there."""
    if image.pull == "never":
        raise _lacking(image, 'it is not in the engine, and pull="never"', f"docker pull {image.name}, or build it")
    repository, tag = parted(image.name)
    try:
        lines = engine.client.pull(repository, tag=tag, stream=True, decode=True, platform=image.platform)
        _follow(lines, image)
    except (DockerException, OSError) as error:
        raise _lacking(
            image,
            f"it cannot be pulled: {said(error)}",
            f"docker pull {image.name} (docker login for a private registry), or build or load it under that name",
        ) from error


def _build(engine: Engine, image: Image) -> None:
    try:
        lines = engine.client.build(
            path=str(image.build), tag=image.name, rm=True, forcerm=True, decode=True, platform=image.platform
        )
        _follow(lines, image)
    except (DockerException, OSError, TypeError) as error:
        raise _lacking(image, f"it cannot be built: {said(error)}", f"docker build {image.build}") from error


def _follow(lines: Iterable[dict[str, Any]], image: Image) -> None:
    """Tell of the progress; what goes wrong is said on a line like any other."""
    deadline = Deadline.after(image.pull_within)
    spoken: list[str] = []
    failed = False
    for line in lines:  # to the end, after an error too: an answer that is not read keeps its connection
        failed = failed or "error" in line
        spoken.append(str(line.get("error") or line.get("stream", "")))
        amount = line.get("progressDetail") or {}
        layer, status = str(line.get("id", "")), str(line.get("status") or line.get("stream") or "").strip()
        everything.emit(
            ImageProgressed(
                image=image.name, layer=layer, status=status, done=amount.get("current"), total=amount.get("total")
            )
        )
        if deadline.expired:
            raise TimeoutError(f"not done after {deadline.within:g} s; last: {layer} {status}")
    if failed:
        raise BuildError("".join(spoken[-20:]).strip(), iter(()))


def parted(name: str) -> tuple[str, str]:
    """Repository and tag: a colon before a slash belongs to a registry's port."""
    repository, colon, tag = name.rpartition(":")
    if "@" in name or not colon or "/" in tag:
        return name, "" if "@" in name else "latest"
    return repository, tag


def said(error: BaseException) -> str:
    """What the engine says, without what the client wraps around it."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation)
    return str(getattr(error, "msg", "") or error)


def _lacking(image: Image, reason: str, remedy: str) -> Unavailable:
    return Unavailable(f"the image {image.name}", reason=reason, remedy=remedy)
