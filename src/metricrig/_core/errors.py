"""What can go wrong, sorted by whose fault it was.

* ``UsageError``: the call was wrong; mend the test.
* ``Unavailable``: this machine lacks something; it says what, and what to do.
* ``FunctionFailed``: a function of yours, which a service was given, raised something.
* ``ServiceDied``: a server ended although somebody relied on it.
* ``DeadlineExceeded``: a wait ran out; it says what was wanted, and what was seen last.
* ``StartFailed``: several of the above, from one ``rig.start()``.

Every error carries fields besides its text, so that a plugin or a report can render it in its own way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.frozen_class import frozen
from metricrig._core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MetricrigError(Exception):
    """The root of all errors that metricrig raises on purpose.

    In its text, what others have said (servers, files, machines) is escaped; its fields have it unchanged.
    """

    def __init__(self, *words: object) -> None:
        super().__init__(*(printable(each) if isinstance(each, str) else each for each in words))

    def __init_subclass__(cls) -> None:
        # A traceback shows the name by which one imports it.
        if cls.__module__ == __name__:
            cls.__module__ = "metricrig"


MetricrigError.__module__ = "metricrig"


class UsageError(MetricrigError):
    """A call that cannot work, whatever the machine: the message shows what would."""


class Unavailable(MetricrigError):
    """This machine lacks a capability: ``reason`` says which, ``remedy`` what to do about it.

    ``excuse`` says that a test which needs it may be skipped. ``sought`` is the tool that could not be had, if it is
    about one: that a tool of the catalogue is missing is an excuse too. What users have named themselves, such as their
    own program or a runtime, is none: a misspelling would be a green run.
    """

    sought: Any = None

    def __init__(self, what: str, *, reason: str, remedy: str, excuse: bool = False) -> None:
        self.what = what
        self.reason = reason
        self.remedy = remedy
        self.excuse = excuse
        super().__init__(f"{what}: {reason}\n  what to do: {remedy}")


@frozen
class Refusal:
    """Why one source could not deliver a tool, in one sentence."""

    source: str
    why: str


class ToolUnavailable(Unavailable):
    """No source could deliver an executable; ``refusals`` has each source's own reason."""

    def __init__(self, tool: str, wanted: str, refusals: Sequence[Refusal], *, remedy: str) -> None:
        self.tool = tool
        self.wanted = wanted
        self.refusals = tuple(refusals)
        width = max((len(refusal.source) for refusal in self.refusals), default=0)
        lines = "".join(f"\n    {each.source:<{width}}  {each.why}" for each in self.refusals)
        super().__init__(f"{tool} {wanted}", reason=f"no source could deliver it:{lines}", remedy=remedy)


class DeadlineExceeded(MetricrigError, TimeoutError):
    """A wait ran out. ``wanted`` would have satisfied it, ``seen`` is what was there last."""

    def __init__(self, who: str, *, wanted: str, seen: str, within: float, log_tail: str = "") -> None:
        self.who = who
        self.wanted = wanted
        self.seen = seen
        self.within = within
        self.log_tail = log_tail
        super().__init__(
            f"{who}: waited {within:g} s for {wanted}\n  last seen: {seen}{_quoted_log(log_tail)}",
        )


class ServiceDied(MetricrigError):
    """A service ended while somebody relied on it: ``how`` is its exit code or signal name."""

    def __init__(
        self,
        service: str,
        *,
        how: str,
        during: str,
        last_probe: str = "",
        log_tail: str = "",
        command: Sequence[str] = (),
    ) -> None:
        self.service = service
        self.how = how
        self.during = during
        self.last_probe = last_probe
        self.log_tail = log_tail
        self.command = tuple(command)
        probe = f"\n  last probe: {last_probe}" if last_probe else ""
        started = f"\n  command: {_shown(command)}" if command else ""
        super().__init__(f"{service} {how} {during}{probe}{started}{_quoted_log(log_tail)}")


class PortTaken(MetricrigError):
    """Somebody else has a port whose number is fixed, or has already been given out."""

    def __init__(self, service: str, *, port: str, number: int, holder: str, fixed: bool = False) -> None:
        self.service = service
        self.port = port
        self.number = number
        self.holder = holder
        self.fixed = fixed
        why, remedy = _FIXED if fixed else _READ
        super().__init__(
            f"{service}: its port {port} (127.0.0.1:{number}) is taken by {holder}, and {why}\n  what to do: {remedy}"
        )


_READ = (
    "the address has been read before the start, so the service cannot move to another",
    "run again, or read addresses after the start (env and command may be functions)",
)
_FIXED = (
    "it is a fixed one, so the service gets no other",
    "end whoever has it, or let the service have any free port: a number instead of Fixed(...)",
)


class FunctionFailed(MetricrigError):
    """A function that a service was given raised something, which is this error's cause: ``what`` is "prepare", say."""

    def __init__(self, service: str, *, what: str, function: Any, error: Exception) -> None:
        from metricrig._core.user_frame import place_of  # noqa: PLC0415 - only when something has gone wrong

        self.service = service
        self.what = what
        self.error = error
        self.place = place_of(error, function)
        where = f"\n  {self.place}" if self.place else ""
        super().__init__(f"{service}: its {what} raised {described(error)}{where}")


class CommandFailed(MetricrigError):
    """A command beside a service did not exit with 0; ``out`` and ``err`` have all that it said."""

    def __init__(self, service: str, *, command: Sequence[str], how: str, out: str, err: str) -> None:
        self.service = service
        self.command = tuple(command)
        self.how = how
        self.out = out
        self.err = err
        super().__init__(f"{service}: {_shown(command)} {how}{_quoted_log(err or out, 'it said')}")


class StartFailed(MetricrigError):
    """Services that did not start, each with its own error; the rest was stopped again."""

    def __init__(self, rig: str, failures: Mapping[str, BaseException], *, stopped: Sequence[str]) -> None:
        self.rig = rig
        self.failures = dict(failures)
        self.stopped = tuple(stopped)
        blocks = [_indented(_described(name, error)) for name, error in failures.items()]
        also = f"\n  stopped again: {', '.join(stopped)}" if stopped else ""
        super().__init__(f"rig {rig!r}: {len(blocks)} service(s) did not start{''.join(blocks)}{also}")


def _shown(command: Sequence[str], limit: int = 400) -> str:
    """A command as one would type it, on one line."""
    import shlex  # noqa: PLC0415 - only when something has gone wrong

    text = shlex.join(command).replace("\n", "\\n")
    return text if len(text) <= limit else f"{text[:limit]}…"


def described(error: BaseException) -> str:
    """The kind of an error and what it says."""
    said = str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _described(name: str, error: BaseException) -> str:
    text = "\n  ".join([str(error) if isinstance(error, MetricrigError) else described(error), *_notes(error)])
    return text if name in text.split("\n", 1)[0] else f"{name}: {text}"


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


def _indented(text: str) -> str:
    return "".join(f"\n  {line}" for line in text.splitlines())


def _quoted_log(tail: str, title: str = "last lines of its log") -> str:
    if not tail.strip():
        return ""
    return f"\n  {title}:" + "".join(f"\n    | {line}" for line in tail.rstrip().splitlines())
