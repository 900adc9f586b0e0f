"""Readiness probes over the network: whether a port accepts, replies, answers a GET, or shows a metric."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline, try_limit
from metricrig._core.frozen_class import frozen
from metricrig._core.ports import LOOPBACK
from metricrig.probe import Answer

if TYPE_CHECKING:
    from collections.abc import Collection

    from metricrig._core.http import HttpAnswer as Said
    from metricrig.metrics.conditions.condition import Condition
    from metricrig.probe import Subject

_REFUSED = "connection refused"


@frozen
class Tcp:
    """The port accepts connections."""

    port: str | None

    def __str__(self) -> str:
        return f"a connection to port {self.port or '(first)'}"

    def ask(self, subject: Subject) -> Answer:
        """Connect once."""
        number = _number(subject, self.port)
        try:
            _connection(subject.host, number, try_limit()).close()
        except OSError as error:
            return Answer(ready=False, said=f"{subject.host}:{number}: {_plainly(error)}")
        if not subject.listens(self.port):
            return Answer(ready=False, said=f"{subject.host}:{number}: {_REFUSED}")
        return Answer(ready=True, said=f"{subject.host}:{number} accepts connections")


@frozen
class Reply:
    """The port answers some bytes with others."""

    question: bytes
    answers: tuple[bytes, ...]
    port: str | None

    def __str__(self) -> str:
        return f"{' or '.join(map(str, self.answers))} in reply to {self.question!r}"

    def ask(self, subject: Subject) -> Answer:
        """Ask once, on a connection of its own."""
        number = _number(subject, self.port)
        try:
            # Half of it to connect and half to hear: three steps would take three times as long as one.
            with _connection(subject.host, number, try_limit() / 2) as connection:
                connection.sendall(self.question)
                said = connection.recv(4096)
        except OSError as error:
            return Answer(ready=False, said=f"{subject.host}:{number}: {_why(subject, self.port, error)}")
        if not said and not subject.listens(self.port):
            return Answer(ready=False, said=f"{subject.host}:{number}: {_REFUSED}")
        return Answer(said.startswith(self.answers), f"{subject.host}:{number} replied {said[:200]!r}")


@frozen
class Http:
    """A GET of the path is answered with one of the statuses."""

    path: str
    port: str | None
    status: Collection[int]
    secure: bool = False

    def __str__(self) -> str:
        return f"GET {self.path} answered with {_statuses(self.status)}"

    def ask(self, subject: Subject) -> Answer:
        """One GET."""
        where = f"GET http{'s' if self.secure else ''}://{subject.host}:{_number(subject, self.port)}{self.path}"
        try:
            answer = _got(subject, self.port, self.path, secure=self.secure)
        except OSError as error:
            return Answer(ready=False, said=f"{where}: {_why(subject, self.port, error)}")
        if answer.status in self.status:
            return Answer(ready=True, said=f"{where}: {answer.status}")
        return Answer(ready=False, said=f"{where}: {answer.status} {answer.text[:200]!r}")


@frozen
class MetricPresent:
    """The metrics page has a sample of this name."""

    name: str
    path: str
    port: str | None

    def __str__(self) -> str:
        return f"a sample of {self.name} on {self.path}"

    def ask(self, subject: Subject) -> Answer:
        """Read the page once."""
        try:
            answer = _got(subject, self.port, self.path)
        except OSError as error:
            return Answer(ready=False, said=f"GET {self.path}: {_why(subject, self.port, error)}")
        if re.search(rf"^{re.escape(self.name)}[{{ \t]", answer.text, re.MULTILINE):
            return Answer(ready=True, said=f"{self.path} has {self.name}")
        return Answer(ready=False, said=f"GET {self.path}: {answer.status}, and no sample of {self.name} in it")


@frozen
class MetricHolds:
    """A condition holds on the service's own metrics page."""

    condition: Condition

    def __str__(self) -> str:
        return f"{self.condition}"

    def ask(self, subject: Subject) -> Answer:
        """One look at the page."""
        from metricrig.metrics.waits.page_fetch import look_at  # noqa: PLC0415 - few services are ready by their metrics

        verdict = self.condition.judge(look_at([subject.metrics], subject.metrics, try_limit()))
        if verdict is True:
            return Answer(ready=True, said=f"{self.condition}")
        return Answer(ready=False, said=f"not yet {self.condition}" if verdict is False else f"{verdict}")


def _number(subject: Subject, port: str | None) -> int:
    return subject.ports[port] if port else subject.ports.first


def _got(subject: Subject, port: str | None, path: str, *, secure: bool = False) -> Said:
    """The answer to one GET, on a connection of its own."""
    from metricrig._core.http import get  # noqa: PLC0415 - while the server starts there is time

    tls = None
    if secure:
        from metricrig._core.tls import trusting  # noqa: PLC0415 - few services are asked by https

        tls = trusting(subject.trust)
    return get(subject.host, _number(subject, port), path, Deadline.exactly(try_limit()), tls)


def _why(subject: Subject, port: str | None, error: OSError) -> str:
    """Why nothing came. What stands before a container accepts connections and drops them: that is a refusal too."""
    return _plainly(error) if subject.listens(port) else _REFUSED


def _connection(host: str, number: int, within: float) -> socket.socket:
    if host != LOOPBACK:
        return socket.create_connection((host, number), within)
    # Looking up a name loads Python's tables of international ones: 1 ms of a first start.
    connection = socket.socket()
    try:
        connection.settimeout(within)
        connection.connect((host, number))
    except BaseException:
        connection.close()
        raise
    return connection


def _plainly(error: OSError) -> str:
    if isinstance(
        error, ConnectionRefusedError
    ):  # what all hear who ask before it listens: no need of the module below
        return _REFUSED
    from metricrig._core.http import plainly  # noqa: PLC0415 - see above

    said = plainly(error)
    if hasattr(error, "verify_message"):
        return f"{said}; say whose it is: Service(trust='{{dir}}/authority.pem')"
    return said


def _statuses(status: Collection[int]) -> str:
    if isinstance(status, range):
        return f"{status.start}-{status.stop - 1}"
    return " or ".join(map(str, status))
