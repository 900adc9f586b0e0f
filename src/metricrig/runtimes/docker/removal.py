"""Removing what a rig has in an engine, by its label. What is gone already is fine.

``python -m metricrig.runtimes.docker.removal RIG ENGINE CERTIFICATES`` is what the
janitor runs when a rig's owner is dead.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, NotFound

from metricrig.janitor.errand import SSH, Errand
from metricrig.runtimes.docker.engine.candidates import Candidate
from metricrig.runtimes.docker.engine.connection import connect
from metricrig.runtimes.docker.engine.errors import root_cause
from metricrig.runtimes.docker.labels import RIG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import docker

_TRIES = 20
_PAUSE = 0.1


def removal(candidate: Candidate, rig: str) -> Errand:
    """What removes that which a rig has in this engine."""
    return Errand(rig, candidate.url, str(candidate.certificates or ""))


def remove_rig(client: docker.APIClient, rig: str) -> None:
    """Containers first, because they hold the rest. A container may still be made while we remove: look again."""
    for _ in range(_TRIES):
        if not remove_once(client, rig):
            return
        time.sleep(_PAUSE)
    raise OSError(f"containers or networks of {rig} are left: docker ps -a --filter label={RIG}={rig}")


def remove_container(client: docker.APIClient, identity: str) -> None:
    """Kill and remove one."""
    _remove([identity], lambda each: client.remove_container(each, force=True, v=True))


def remove_once(client: docker.APIClient, rig: str) -> bool:
    """Remove all that is there; says whether anything was."""
    mine: dict[str, Any] = {"label": f"{RIG}={rig}"}
    containers = [each["Id"] for each in client.containers(all=True, filters=mine)]
    _remove(containers, lambda each: client.remove_container(each, force=True, v=True))
    networks = [each["Id"] for each in client.networks(filters=mine)]
    _remove(networks, client.remove_network)
    volumes = [each["Name"] for each in client.volumes(filters=mine)["Volumes"] or ()]
    _remove(volumes, client.remove_volume)
    return bool(containers or networks or volumes)


def _remove(identities: Iterable[str], remove: Callable[[str], object]) -> None:
    for identity in identities:
        try:
            remove(identity)
        except NotFound:
            continue
        except APIError as error:
            # 409: somebody else is at it; 403: a network with a container that is about to go.
            if error.status_code not in {403, 409}:
                raise


def main(rig: str, url: str, certificates: str) -> None:
    """For the janitor, which has another environment than the rig's owner had when it chose this engine."""
    ssh = os.environ.get(SSH) or "ssh"
    found = Candidate(url, f"the record of {rig}", Path(certificates) if certificates else None, ssh=ssh)
    try:
        remove_rig(connect(found).client, rig)
    except (DockerException, OSError, ValueError) as error:
        sys.exit(f"{url}: {root_cause(error)}")  # one line: whoever has started this tells the last one


if __name__ == "__main__":
    main(*sys.argv[1:])
