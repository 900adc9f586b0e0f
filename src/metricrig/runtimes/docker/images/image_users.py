"""The users whom an image knows: a service's ``user`` is one of them, whoever has that name on this machine."""

from __future__ import annotations

import functools
import io
import tarfile
from typing import TYPE_CHECKING

from docker.errors import NotFound

from metricrig.runtimes.docker.removal import remove_container
from metricrig.runtimes.process_user import PasswdEntry, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.runtimes.docker.engine.connection import ContainerEngine
    from metricrig.service import Service

_LIST = "/etc/passwd"


def user_in_image(
    engine: ContainerEngine, service: Service, *, image: str, identity: str, labels: dict[str, str]
) -> tuple[int, int]:
    """The numbers behind a service's ``user``."""
    name = (service.user or "").partition(":")[0]
    known = _users_of(engine, identity, tuple(labels.items()))
    found = next((each for each in known if name in {each.name, str(each.uid)}), None)
    names = ", ".join(each.name for each in known) or "nobody at all"
    return ids_of(service, found, where=f"in the image {image}, which knows {names}")


@functools.lru_cache(maxsize=64)
def _users_of(engine: ContainerEngine, identity: str, labels: tuple[tuple[str, str], ...]) -> tuple[PasswdEntry, ...]:
    """Read from a container that is made for this and never started. An image without the list knows nobody."""
    client = engine.client
    container = client.create_container(identity, entrypoint=["none"], labels=dict(labels))["Id"]
    try:
        chunks, _ = client.get_archive(container, _LIST)
        content = b"".join(chunks)
    except NotFound:
        return ()
    finally:
        remove_container(client, container)
    return tuple(_entries(content))


def _entries(archive: bytes) -> Iterator[PasswdEntry]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            for line in file.read().decode(errors="replace").splitlines() if file else ():
                fields = line.split(":")
                if len(fields) > 3 and fields[2].isdecimal() and fields[3].isdecimal():  # noqa: PLR2004 - name:x:uid:gid
                    yield PasswdEntry(fields[0], int(fields[2]), int(fields[3]))
