"""Starts PostgreSQL with pytest-postgresql, as an ordinary user: a directory and a port a line, seconds back."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from typing import Any

from bench.bare import LOOPBACK


def main(pg_ctl: str, user: int | None) -> None:
    """Until the input ends."""
    executors = import_module("pytest_postgresql.executors")  # before the switch: this Python may be root's alone
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    for line in sys.stdin:
        directory, port = line.split()
        os.chdir(directory)
        print(_timed(_executor(executors, pg_ctl, directory, int(port))), flush=True)
        os.chdir("/")


def _executor(executors: Any, pg_ctl: str, directory: str, port: int) -> Any:
    """With the fixture's defaults, but for directories of its own and no IPv6."""
    return executors.PostgreSQLExecutor(
        executable=pg_ctl,
        host=LOOPBACK,
        port=port,
        datadir=f"{directory}/data",
        unixsocketdir=directory,
        logfile=f"{directory}/log",
        startparams="-w",
        dbname="tests",
        postgres_options=f"-c listen_addresses={LOOPBACK}",
    )


def _timed(executor: Any) -> float:
    began = time.perf_counter()
    try:
        executor.start()
        executor.wait_for_postgres()
        return time.perf_counter() - began
    finally:
        if executor.process is not None:
            # pg_ctl looks only every 0.1 s whether the server is there: one that is gone again is an error to it.
            executor.process.wait()
        executor.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
