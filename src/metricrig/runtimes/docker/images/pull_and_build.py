"""Pulling and building: told as it goes on, and over when its own deadline has passed, whatever a registry does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker
from docker.errors import BuildError, DockerException
from urllib3.exceptions import HTTPError

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import Unavailable
from metricrig._core.events import ImageProgressed, everything
from metricrig.runtimes.docker.engine.errors import engine_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metricrig.runtimes.docker.engine.connection import ContainerEngine
    from metricrig.tools import Image

# A credential helper that is not installed is a warning of the client, which tests may have made an error.
_TROUBLES = (DockerException, OSError, HTTPError, TypeError, UserWarning)
_AT_ONCE = 0.001


class _ClientWithDeadline(docker.APIClient):
    """A client that waits for the engine's next word until a deadline: a registry may hang before the first one."""

    deadline: Deadline
    last = "nothing"

    def post(self, url: Any, data: Any = None, json: Any = None, **words: Any) -> Any:
        """As ever, but for the deadline."""
        self._answer = super().post(url, data, json, **{**words, "timeout": self._remaining})
        return self._answer

    def heard(self) -> None:
        """A word has come: the next one has only what is left."""
        if self.deadline.expired:
            raise TimeoutError
        if connection := self._answer.raw.connection:
            connection.sock.settimeout(self._remaining)

    @property
    def _remaining(self) -> float:
        return max(self.deadline.remaining, _AT_ONCE)


def pull(engine: ContainerEngine, image: Image) -> None:
    """With the credentials of the user's own configuration, as it is now."""
    client = _client(engine, image)
    repository, tag = repository_and_tag(image.name)
    try:
        lines = client.pull(repository, tag=tag, stream=True, decode=True, platform=image.platform)
        _follow(client, lines, image)
    except _TROUBLES as error:
        raise Unavailable(
            f"the image {image.name}",
            reason=f"it cannot be pulled: {_why(client, error)}",
            remedy=f"docker pull {image.name} (docker login for a private registry), or build or load it under that"
            " name",
        ) from error
    finally:
        client.close()


def build(engine: ContainerEngine, image: Image) -> None:
    """From its folder."""
    client = _client(engine, image)
    try:
        lines = client.build(
            path=str(image.build), tag=image.name, rm=True, forcerm=True, decode=True, platform=image.platform
        )
        _follow(client, lines, image)
    except _TROUBLES as error:
        raise Unavailable(
            f"the image {image.name}",
            reason=f"it cannot be built: {_why(client, error)}",
            remedy=f"docker build {image.build}",
        ) from error
    finally:
        client.close()


def _client(engine: ContainerEngine, image: Image) -> _ClientWithDeadline:
    """One of its own: it reads the user's configuration anew, and can be hung up on."""
    client = engine.new_client(_ClientWithDeadline)
    client.deadline = Deadline.after(image.pull_within)
    return client


def _follow(client: _ClientWithDeadline, lines: Iterable[dict[str, Any]], image: Image) -> None:
    """Tell of the progress; what goes wrong is said on a line like any other."""
    spoken: list[str] = []
    failed = False
    for line in lines:  # to the end, after an error too: the last lines say what it was about
        failed = failed or "error" in line
        spoken.append(str(line.get("error") or line.get("stream", "")))
        everything.emit(_progress(image, line))
        client.last = f"{line.get('id', '')} {line.get('status') or line.get('stream') or ''}".strip() or client.last
        client.heard()
    if failed:
        raise BuildError("".join(spoken[-20:]).strip(), iter(()))


def _progress(image: Image, line: dict[str, Any]) -> ImageProgressed:
    amount = line.get("progressDetail") or {}
    status = str(line.get("status") or line.get("stream") or "").strip()
    return ImageProgressed(
        image=image.name,
        layer=str(line.get("id", "")),
        status=status,
        done=amount.get("current"),
        total=amount.get("total"),
    )


def repository_and_tag(name: str) -> tuple[str, str]:
    """Repository and tag: a colon before a slash belongs to a registry's port."""
    repository, colon, tag = name.rpartition(":")
    if "@" in name or not colon or "/" in tag:
        return name, "" if "@" in name else "latest"
    return repository, tag


def _why(client: _ClientWithDeadline, error: BaseException) -> str:
    if client.deadline.expired:
        return f"not done after {client.deadline.within:g} s (pull_within); last heard: {client.last}"
    return engine_message(error)
