"""The protocol of readiness probes, and those that need no network: a log, a command, a function, several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from metricrig._core.arguments import wrong
from metricrig._core.deadlines import try_limit
from metricrig._core.errors import UsageError, described
from metricrig._core.frozen_class import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig._core.exit_status import Completed
    from metricrig.metrics.server_metrics import Metrics
    from metricrig.placement import Ports


@frozen
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


@frozen
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


@frozen
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


@frozen
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


@frozen
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


@frozen
class Called:
    """A function of the instance returns something true."""

    function: Callable[[Any], Any]

    def __str__(self) -> str:
        return f"{getattr(self.function, '__name__', self.function)}(instance) to be true"

    def ask(self, subject: Subject) -> Answer:
        """Call it once. An error is "not yet": a client that cannot connect, an assertion. A wrong call is an error."""
        from metricrig._core.user_frame import place_of  # noqa: PLC0415 - only a function of the user needs it

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
