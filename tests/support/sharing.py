"""Another process that uses a server which this one has started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from metricrig._core.exit_status import Completed
from metricrig.placement import Addresses, Ports
from metricrig.services import POSTGRESQL
from metricrig.tools import obtain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig import Instance

TESTS = Path(__file__).parent.parent


def attached(kind: type[Any], facts: dict[str, Any]) -> Any:
    """An instance of a server that is not this process's own: it has addresses, a directory and a secret."""
    addresses = Addresses(facts["host"], Ports(facts["ports"]), facts["url"])
    locks = Path(facts["dir"]).with_name(f"{facts['name']}.locks")
    at = SimpleNamespace(secret=facts["secret"], dir=Path(facts["dir"]))
    site = SimpleNamespace(outside=addresses, inside=addresses, at=at, locks=locks)

    class Attached(kind):  # type: ignore[misc]
        def run(self, command: list[str], *, stdin: str) -> Completed:
            return run_client(self, command, stdin)

    return Attached(
        SimpleNamespace(
            name=facts["name"],
            site=site,
            directory=Path(facts["dir"]),
            phase="ready",
            addresses_read=True,
            running=None,
            attached=False,
        )
    )


def run_client(server: Any, command: list[str], stdin: str) -> Completed:
    """As ``Instance.run`` does it for psql."""
    program = obtain(POSTGRESQL).path.with_name(command[0])
    where = {"PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": "postgres", "PGPASSWORD": server.secret}
    done = subprocess.run(
        [program, *command[1:]], input=stdin, env=where, text=True, check=True, stdout=subprocess.PIPE
    )
    return Completed(tuple(command), done.returncode, done.stdout, "")


@contextmanager
def other_process(instance: Instance, code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the code with ``server``; it can be talked to in lines, and is killed at the end."""
    facts = {
        "name": instance.name,
        "dir": str(instance.dir),
        "host": instance.host,
        "ports": dict(instance.ports),
        "url": instance.url,
        "secret": instance.secret,
    }
    kind = type(instance)
    program = (
        f"import json, sys\nfrom support.sharing import attached\nfrom {kind.__module__} import {kind.__name__}\n"
        f"server = attached({kind.__name__}, json.loads(sys.argv[1]))\n"
        f"def say(*words): print(*words, flush=True)\n{textwrap.dedent(code)}\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, json.dumps(facts)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """What it says next."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
