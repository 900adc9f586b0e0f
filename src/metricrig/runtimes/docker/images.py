"""Having an image: there already, built from a folder, or pulled."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound

from metricrig._core.errors import Unavailable, UsageError
from metricrig._core.events import ImageObtained, everything
from metricrig.runtimes.docker.obtaining import build, pull

if TYPE_CHECKING:
    from metricrig.runtimes.docker.engine import Engine
    from metricrig.tools import Image

_POLICIES = ("missing", "always", "never")
_turns: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
"""Services that start together may want the same image: one of them gets it."""


def have(engine: Engine, image: Image) -> str:
    """The id of this image in the engine; building and pulling are no part of the time that a start may take."""
    if image.pull not in _POLICIES:
        raise UsageError(f"{image.name}: pull is one of {', '.join(_POLICIES)}, not {image.pull!r}")
    if image.build is None and image.pull != "always" and (found := _find(engine, image)) is not None:
        return found
    with _turns[engine.url, image.name]:
        return _have(engine, image)


def _have(engine: Engine, image: Image) -> str:
    began = time.monotonic()
    if image.build is not None:
        build(engine, image)
    elif image.pull == "always" or (found := _find(engine, image)) is None:
        if image.pull == "never":
            raise _lacking(image, 'it is not in the engine, and pull="never"', f"docker pull {image.name}, or build it")
        pull(engine, image)
    else:
        return found
    if (found := _find(engine, image)) is None:
        raise _lacking(image, "the engine says that it has it now, and yet has it not", "try again")
    everything.emit(ImageObtained(image=image.name, identity=found, seconds=time.monotonic() - began))
    return found


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


def _lacking(image: Image, reason: str, remedy: str) -> Unavailable:
    return Unavailable(f"the image {image.name}", reason=reason, remedy=remedy)
