"""The kinds of readiness question, each a small frozen class."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from metricrig._core.arguments import wrong
from metricrig._core.deadlines import Deadline, try_limit
from metricrig._core.errors import UsageError, described

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from metricrig._core.exit_status import Completed
    from metricrig._core.http import HttpAnswer as Said
    from metricrig.metrics.conditions.condition import Condition
    from metricrig.metrics.server_metrics import Metrics
    from metricrig.placement import Ports


_REFUSED = "connection refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """Ready or not, and in words."""

    ready: bool
    said: str
    error: Exception | None = None
    """What a function has raised instead of answering."""

    def __bool__(self) -> bool:
        return self.ready


class Subject(Protocol):
    """What a probe may know of an instance."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def host(self) -> str:
        """Where the test reaches it."""

    @property
    def ports(self) -> Ports:
        """On which ports."""

    @property
    def metrics(self) -> Metrics:
        """Its metrics page."""

    @property
    def trust(self) -> str | None:
        """The file with the authority of its https pages; None if the system knows that."""

    def logged(self, pattern: str) -> str | None:
        """What matches in the log since this start."""

    def listens(self, port: str | None) -> bool:
        """Whether the service itself accepts connections to this port, and not only what stands before it."""

    def run(self, command: Sequence[str], *, within: float, check: bool) -> Completed:
        """Run a command beside it."""


class Probe(Protocol):
    """One readiness question. ``str(probe)`` says what would satisfy it."""

    def ask(self, subject: Subject) -> Answer:
        """Ask once."""


Readiness = Probe | Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Tcp:
    """The port accepts connections."""

    port: str | None

    def __str__(self) -> str:
        return f"a connection to port {self.port or '(first)'}"

    def ask(self, subject: Subject) -> Answer:
        """Connect once."""
        number = _number(subject, self.port)
        try:
            socket.create_connection((subject.host, number), try_limit()).close()
        except OSError as error:
            return Answer(ready=False, said=f"{subject.host}:{number}: {_plainly(error)}")
        if not subject.listens(self.port):
            return Answer(ready=False, said=f"{subject.host}:{number}: {_REFUSED}")
        return Answer(ready=True, said=f"{subject.host}:{number} accepts connections")


@dataclass(frozen=True, slots=True)
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
            with socket.create_connection((subject.host, number), try_limit() / 2) as connection:
                connection.sendall(self.question)
                said = connection.recv(4096)
        except OSError as error:
            return Answer(ready=False, said=f"{subject.host}:{number}: {_why(subject, self.port, error)}")
        if not said and not subject.listens(self.port):
            return Answer(ready=False, said=f"{subject.host}:{number}: {_REFUSED}")
        return Answer(said.startswith(self.answers), f"{subject.host}:{number} replied {said[:200]!r}")


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Log:
    """A line of this start's output matches."""

    pattern: str

    def __str__(self) -> str:
        return f"a line of its log that matches {self.pattern!r}"

    def ask(self, subject: Subject) -> Answer:
        """Look at what is new in the log."""
        found = subject.logged(self.pattern)
        if found is None:
            return Answer(ready=False, said=f"no line of the log matches {self.pattern!r} yet")
        return Answer(ready=True, said=f"the log says {found!r}")


@dataclass(frozen=True, slots=True)
class Command:
    """A command run beside the service exits with 0."""

    command: Sequence[str]

    def __str__(self) -> str:
        return f"{' '.join(self.command)} exiting with 0"

    def ask(self, subject: Subject) -> Answer:
        """Run it once."""
        done = subject.run(self.command, within=try_limit(), check=False)
        output = (done.err or done.out).strip().splitlines()
        return Answer(done.status == 0, f"{done.command[0]} exited {done.status}: {output[-1] if output else ''}")


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of several is ready."""

    probes: tuple[Probe, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.probes))

    def ask(self, subject: Subject) -> Answer:
        """Ask in turn; the first that is not ready answers for all."""
        for probe in self.probes:
            if not (answer := probe.ask(subject)):
                return answer
        return Answer(ready=True, said=f"{self}")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several is ready."""

    probes: tuple[Probe, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.probes))

    def ask(self, subject: Subject) -> Answer:
        """Ask until one is ready."""
        answers = []
        for probe in self.probes:
            if answer := probe.ask(subject):
                return answer
            answers.append(answer)
        error = next((each.error for each in answers if each.error is not None), None)
        return Answer(ready=False, said="; ".join(each.said for each in answers), error=error)


@dataclass(frozen=True, slots=True)
class Called:
    """A function of the instance returns something true."""

    function: Callable[[Any], Any]

    def __str__(self) -> str:
        return f"{getattr(self.function, '__name__', self.function)}(instance) to be true"

    def ask(self, subject: Subject) -> Answer:
        """Call it once. An error is "not yet": a client that cannot connect, an assertion. A wrong call is an error."""
        from metricrig._core.user_code import place_of  # noqa: PLC0415 - only a function of the user needs it

        try:
            value = self.function(subject)
        except UsageError as error:  # a wrong call does not become a right one by waiting
            error.add_note(f"raised by its probe, {place_of(error, self.function)}")
            raise
        except Exception as error:  # noqa: BLE001 - kept, and shown when the wait runs out
            return Answer(ready=False, said=described(error), error=error)
        return Answer(bool(value), f"it returned {value!r}")


def as_probe(readiness: Readiness, who: str = "readiness") -> Probe:
    """A probe as it is; a function as a probe."""
    if isinstance(readiness, type) or not (hasattr(readiness, "ask") or callable(readiness)):
        raise wrong(who, "probe", readiness, _likely(readiness))
    return readiness if hasattr(readiness, "ask") else Called(readiness)


def _likely(given: Any) -> str:
    """What somebody means who gives this as a probe."""
    if hasattr(given, "judge"):
        return f"ready.metric({given}), or to wait for it: shop.metrics.wait({given}, within=5)"
    if hasattr(given, "evaluate"):
        return f"a condition, made by comparing it: ready.metric({given} > 0)"
    if isinstance(given, str):
        return f'ready.http("/{given.lstrip("/")}"), or ready.log({given!r})'
    return 'ready.http("/healthz"), ready.tcp(), ready.log("listening"), or a function: lambda instance: ...'


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


def _plainly(error: OSError) -> str:
    from metricrig._core.http import plainly  # noqa: PLC0415 - see above

    said = plainly(error)
    if hasattr(error, "verify_message"):
        return f"{said}; say whose it is: Service(trust='{{dir}}/authority.pem')"
    return said


def _statuses(status: Collection[int]) -> str:
    if isinstance(status, range):
        return f"{status.start}-{status.stop - 1}"
    return " or ".join(map(str, status))
