"""Having an image: there already, built from a folder, made of files, or pulled."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound

from metricrig._core.errors import Unavailable, UsageError
from metricrig._core.events import ImageObtained, everything
from metricrig.runtimes.docker.images.pull_and_build import build, pull

if TYPE_CHECKING:
    from metricrig.runtimes.docker.engine.connection import ContainerEngine
    from metricrig.tools import Image

_POLICIES = ("missing", "always", "never")
_pull_locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
"""Services that start together may want the same image: one of them gets it."""


def ensure_image(engine: ContainerEngine, image: Image) -> str:
    """The id of this image in the engine; building and pulling are no part of the time that a start may take."""
    if image.pull not in _POLICIES:
        raise UsageError(f"{image.name}: pull is one of {', '.join(_POLICIES)}, not {image.pull!r}")
    if image.build is not None and image.files:
        raise UsageError(f"{image.name}: it is built from a folder or made of files, not both")
    if (found := _found(engine, image)) is not None:
        return found
    with _pull_locks[engine.url, image.name]:
        return _found(engine, image) or _obtained(engine, image)


def _found(engine: ContainerEngine, image: Image) -> str | None:
    """Its id, if nothing has to be done."""
    is_pulled = image.build is None and not image.files
    return _find(engine, image) if is_pulled and image.pull != "always" else None


def _obtained(engine: ContainerEngine, image: Image) -> str:
    began = time.monotonic()
    is_new = _obtain(engine, image)
    if (found := _find(engine, image)) is None:
        raise _lacking(image, "the engine says that it has it now, and yet has it not", "try again")
    if is_new:
        everything.emit(ImageObtained(image=image.name, identity=found, seconds=time.monotonic() - began))
    return found


def _obtain(engine: ContainerEngine, image: Image) -> bool:
    """Build, make or pull it; whether anything had to be done."""
    if image.files:
        from metricrig.runtimes.docker.images.from_files import make_image  # noqa: PLC0415 - few images are made here

        return make_image(engine, image)
    if image.build is not None:
        build(engine, image)
    elif image.pull == "never":
        raise _lacking(image, 'it is not in the engine, and pull="never"', f"docker pull {image.name}, or build it")
    else:
        pull(engine, image)
    return True


def _find(engine: ContainerEngine, image: Image) -> str | None:
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


def _lacking(image: Image, reason: str, remedy: str) -> Unavailable:
    return Unavailable(f"the image {image.name}", reason=reason, remedy=remedy)
