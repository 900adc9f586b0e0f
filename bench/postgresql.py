"""PostgreSQL: metricrig with its template made, against pytest-postgresql, which runs initdb for every session."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.bare import reserved_port
from bench.finding import Report, Target, compare
from bench.peers import installed
from bench.rounds import interleave
from metricrig import Rig
from metricrig.services import POSTGRESQL, PostgreSQL
from metricrig.tools import obtain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Attempt

TARGET = Target(0.25)
ROUNDS = 15
MEMORY = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
DISK = Path(tempfile.gettempdir())
NOTES = (
    "pytest-postgresql: what its postgresql_proc fixture does until the server answers: initdb and pg_ctl start.",
    "Making its template database, which comes next, is not counted, nor are its imports.",
)
USER = "nobody"
"""Neither initdb nor the server runs as root; metricrig's side runs as the same user."""


def run(scale: float) -> Report:
    """Both on the memory file system; pytest-postgresql also where it puts data by default."""
    if not installed("pytest_postgresql"):
        return Report([], ("PostgreSQL: pytest-postgresql is not installed; nothing to compare with.",))
    with _worker() as worker:
        contenders: dict[str, Attempt] = {
            "pytest-postgresql, tmpfs": lambda: _theirs(worker, MEMORY),
            f"pytest-postgresql, {DISK}": lambda: _theirs(worker, DISK),
            "metricrig, tmpfs": _ours,
        }
        timings = interleave(contenders, max(3, round(ROUNDS * scale)))
    rows = compare("start PostgreSQL", timings, base="pytest-postgresql, tmpfs", targets={"metricrig, tmpfs": TARGET})
    return Report(rows, NOTES)


def _ours() -> float:
    with Rig("bench", data="tmpfs") as rig:
        rig.add(PostgreSQL())
        began = time.perf_counter()
        rig.start()
        return time.perf_counter() - began


def _theirs(worker: subprocess.Popen[str], base: Path) -> float:
    """One start in the worker, in a fresh directory of the base."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    directory = Path(tempfile.mkdtemp(prefix="metricrig-bench-", dir=base))
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, USER)
        with reserved_port() as port:
            worker.stdin.write(f"{directory} {port}\n")
            worker.stdin.flush()
            return float(worker.stdout.readline())
    finally:
        shutil.rmtree(directory)


@contextmanager
def _worker() -> Iterator[subprocess.Popen[str]]:
    """The process that pytest-postgresql is used in. It becomes somebody else once everything is imported."""
    pg_ctl = obtain(POSTGRESQL).path.with_name("pg_ctl")
    user = [str(pwd.getpwnam(USER).pw_uid)] if os.geteuid() == 0 else []
    command = [sys.executable, "-m", "bench.postgresql_worker", str(pg_ctl), *user]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        yield worker
