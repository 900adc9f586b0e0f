"""A command run beside a service, to its end: with the service's environment, user and directory."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from metricrig._core import arguments
from metricrig._core.deadlines import Deadline, answer_limit, answers_within
from metricrig._core.errors import CommandFailed, DeadlineExceeded
from metricrig._core.exit_status import Completed
from metricrig._core.private_directory import write_private
from metricrig.lifecycle.instance_state import not_executed
from metricrig.runtimes import Launch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.runtimes import Running
    from metricrig.service import Word

_LEAST_ANSWER = 1.0
"""Seconds in which a command that has taken too long is killed."""
_numbers: Iterator[int] = itertools.count(1)


def run_beside(
    state: InstanceState, command: Sequence[Word], *, within: float, check: bool = True, stdin: str | None = None
) -> Completed:
    """Run a command to its end. It is the janitor's child too: it cannot outlive the test."""
    words = state.site.at.render_all(arguments.command(f"{state.name}.run", command))
    environment = state.environment
    argv = [state.runtime.program(words[0], environment, state.executable), *words[1:]]
    stem = state.site.log.with_name(f"{state.name}.run-{next(_numbers)}")
    files = [stem.with_suffix(f".{kind}") for kind in ("in", "out", "err")]
    try:
        return _run(state, argv, environment, files, within=within, check=check, stdin=stdin)
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _run(
    state: InstanceState,
    argv: list[str],
    environment: dict[str, str],
    files: list[Path],
    *,
    within: float,
    check: bool,
    stdin: str | None,
) -> Completed:
    source, out, err = files
    if stdin is not None:
        arguments.text(f"{state.name}.run", "stdin", stdin, 'stdin="SELECT 1"')
        write_private(str(source), stdin.encode(errors="surrogateescape"))
    launch = Launch(
        argv=argv,
        env=environment,
        cwd=state.site.at.dir,
        out=out,
        err=err,
        stdin=source if stdin is not None else None,
        stop_signal=state.service.stop_signal,
        service=state.service,
        beside=True,
    )
    deadline = Deadline.after(within)
    running = state.runtime.launch(state.site, launch)
    try:
        ended = _ends(running, deadline)
    finally:
        with answers_within(max(deadline.remaining, _LEAST_ANSWER)):
            running.collect()
    if running.refused is not None:
        raise not_executed(argv[0], running.refused)
    said, complained = (_text(file) for file in (out, err))
    if not ended:
        last = (complained or said).strip().splitlines()[-1:] or ["nothing"]
        raise DeadlineExceeded(
            f"{state.name}: {' '.join(argv)}", wanted="its end", seen=f"it said {last[0]}", within=within
        )
    if check and running.status != 0:
        raise CommandFailed(state.name, command=argv, how=running.how, out=said, err=complained)
    return Completed(tuple(argv), running.status if running.status is not None else -1, said, complained)


def _ends(running: Running, deadline: Deadline) -> bool:
    """Wait for its end; an error, if nobody tells in time whether it has begun."""
    if running.exited.wait(answer_limit(deadline.remaining)):
        return True
    with answers_within(0):
        began = running.pid
    return bool(began) and running.exited.wait(deadline.remaining)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
