"""Limits of a running process: what it has, how much of that is used, and setting the part that can be raised again.

Only soft limits are touched: a process, and whoever may lower its soft limit, may raise it again up to the hard one.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
from pathlib import Path

from metricrig._core.errors import Unavailable
from metricrig._core.frozen_class import frozen

UNLIMITED = resource.RLIM_INFINITY


@frozen
class LimitKind:
    """One of the limits of setrlimit(2): its number, and what ``/proc/PID/limits`` and ``prlimit`` call it."""

    number: int
    line: str
    option: str


OPEN_FILES = LimitKind(resource.RLIMIT_NOFILE, "Max open files", "--nofile")
DATA = LimitKind(resource.RLIMIT_DATA, "Max data size", "--data")


def limits_of(pid: int, kind: LimitKind) -> tuple[int, int]:
    """The soft and the hard one."""
    text = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    found = re.search(rf"^{kind.line}\s+(\S+)\s+(\S+)", text, re.MULTILINE)
    assert found is not None  # noqa: S101 - every Linux has these lines
    soft, hard = (UNLIMITED if each == "unlimited" else int(each) for each in found.groups())
    return soft, hard


def set_soft_limit(pid: int, kind: LimitKind, soft: int) -> None:
    """Set it; ``Unavailable`` if that is not ours to do. One that has ended meanwhile needs no limit."""
    try:
        _set(pid, kind, soft, limits_of(pid, kind)[1])
    except (ProcessLookupError, FileNotFoundError):
        return


def _set(pid: int, kind: LimitKind, soft: int, hard: int) -> None:
    try:
        resource.prlimit(pid, kind.number, (soft, hard))
    except PermissionError as error:
        _set_as_its_user(pid, kind, soft, hard, error)


def lowest_free_descriptor(pid: int) -> int:
    """The number that the next file which it opens would get."""
    taken = {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def data_of(pid: int) -> int:
    """Bytes of private memory that it has asked for: what the limit of data counts."""
    found = re.search(r"^VmData:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) << 10 if found else 0


def _set_as_its_user(pid: int, kind: LimitKind, soft: int, hard: int, refusal: PermissionError) -> None:
    """Root without CAP_SYS_RESOURCE, as in many a container, may limit nobody else; but may become somebody else."""
    status = Path(f"/proc/{pid}").stat()
    words = [_amount(each) for each in (soft, hard)]
    command = ["prlimit", "--pid", str(pid), f"{kind.option}={':'.join(words)}"]
    try:
        done = subprocess.run(
            command,
            user=status.st_uid,
            group=status.st_gid,
            extra_groups=[],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
        )
    except OSError:
        done = None
    if done is None or done.returncode:
        raise Unavailable(
            f"limits for pid {pid}",
            reason=f"it runs as uid {status.st_uid}, and you are uid {os.geteuid()}: {refusal.strerror}"
            f"{'; ' + done.stderr.strip() if done else ''}",
            remedy="run the tests as that user, or as root with CAP_SYS_RESOURCE or with prlimit of util-linux",
        ) from refusal


def _amount(limit: int) -> str:
    return "unlimited" if limit == UNLIMITED else str(limit)
