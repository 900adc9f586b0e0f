"""The servers of a session: in a rig of this process, in one that several processes share, or somebody else's."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Protocol

from metricrig.lifecycle.instance_state import PAUSED
from metricrig.rig import Rig
from metricrig.runtimes import data_root
from metricrig.sharing import SharedRig
from metricrig.sharing.fingerprint import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.instance import Instance
    from metricrig.pytest_plugin.session import Session
    from metricrig.service import Service

PROCESS = "process"
_LINGER = 30.0
"""Seconds without a worker after which shared servers end, on systems that do not report the leader's death."""


class Servers(Protocol):
    """Servers of a whole session."""

    def server(self, service: Service) -> Instance:
        """This server, ready."""

    def ensure(self, instance: Instance) -> None:
        """Have it ready again, as a new one if it has died."""

    def close(self) -> None:
        """This process does not need them any more."""


class OwnServers:
    """Servers of this process alone."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rig = Rig("session", runtime=session.settings.runtime)
        self._known: dict[tuple[str, str], Instance] = {}

    def server(self, service: Service) -> Instance:
        """The one that is described like this."""
        key = service.name, fingerprint(service, self._rig.provide(service))
        if key not in self._known:
            name = service.name if service.name not in self._rig else f"{service.name}-{key[1][:6]}"
            instance = self._rig.add(service, name=name)
            self._known[key] = instance
            self._rig.start(instance)
        mend(self._known[key])
        return self._known[key]

    def ensure(self, instance: Instance) -> None:
        """See ``mend``."""
        mend(instance)

    def close(self) -> None:
        """Stop all."""
        self._rig.keep = self._rig.keep or self._session.keeps(failed=bool(self._session.failed))
        self._rig.close()


class SharedServers:
    """Servers that several processes share."""

    def __init__(self, shared_rig: SharedRig) -> None:
        self._shared_rig = shared_rig

    def server(self, service: Service) -> Instance:
        """The one that is described like this, whoever has started it."""
        return self._shared_rig.server(service)

    def ensure(self, instance: Instance) -> None:
        """See ``SharedRig``."""
        self._shared_rig.ensure(instance)

    def close(self) -> None:
        """They stay: for the other workers, or for the next run."""
        self._shared_rig.leave()


class Attached:
    """Servers of somebody else, attached in a rig of this process."""

    def __init__(self) -> None:
        self._rig = Rig("attached", runtime=PROCESS)

    def server(self, service: Service, url: str) -> Instance:
        """The one at this URL."""
        return self._rig[service.name] if service.name in self._rig else self._rig.attach(service, url)

    def close(self) -> None:
        """Close the connections to them."""
        self._rig.close()


def mend(instance: Instance) -> None:
    """Heal and resume what a test has left so; start what has ended, with an empty directory if it has died."""
    instance.heal()
    if instance.state == PAUSED:
        instance.resume()
    if instance.ended:
        instance.stop()
        instance.wipe()
    instance.start()


def own_servers(session: Session) -> Servers:
    """A rig of this process."""
    return OwnServers(session)


def new_servers(session: Session) -> Servers | None:
    """What is shared with other workers or other runs; None if nothing is."""
    worker_place, settings = session.worker_place, session.settings
    if (settings.runtime or PROCESS) != PROCESS:  # others do not know yet how to share
        return None
    if settings.reuse:
        name, owner = _of_project(session), None
        session.tally.left_running.append(name)
    elif worker_place.leader is not None:
        name, owner = _of_run(worker_place.run), worker_place.leader
        session.counted_by_leader = name
    else:
        return None
    linger = settings.idle if settings.reuse else _LINGER
    return SharedServers(SharedRig.join(name, data=_data(), run=worker_place.run, owner=owner, linger=linger))


def dismiss(run: str, session: Session) -> None:
    """Stop what the workers of a run have shared."""
    directory = data_root.root_for(_data()) / _of_run(run)
    if directory.exists():
        keep = session.keeps(failed=bool(session.failed))
        shared_rig = SharedRig.join(directory.name, data=_data(), run=run, owner=None, linger=0)
        for facts in shared_rig.facts():
            session.tally.started += facts.started
            session.tally.seconds += facts.spent
        shared_rig.dismiss(keep=keep)
        if keep:
            session.tally.kept.append(str(directory))


def _of_run(run: str) -> str:
    return f"session-{run[:8]}"


def _of_project(session: Session) -> str:
    digest = hashlib.sha256(str(session.root).encode()).hexdigest()
    return f"reused-{digest[:8]}"


def _data() -> str | Path:
    return os.environ.get("METRICRIG_DATA", "auto")
