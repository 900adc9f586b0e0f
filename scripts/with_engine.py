"""Run a command with a container engine: yours if one answers, else one that is started for it and stopped afterwards.

``python3 scripts/with_engine.py make test``. Where no engine answers and none can be started, the command runs without
one, and says so itself. The engine that is started here has data and sockets of its own, and DOCKER_HOST names it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from container_engine import EngineFailed, answers, dockerd, lacking, using

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = ("/var/run/docker.sock", "/run/podman/podman.sock", f"{Path.home()}/.docker/run/docker.sock")


def main(words: list[str]) -> int:
    """The command's own status."""
    if not words:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    with engine() as settings:
        command = subprocess.Popen(words, env={**os.environ, **settings})
        signal.signal(signal.SIGTERM, lambda *_: command.terminate())
        try:
            return command.wait()
        except KeyboardInterrupt:  # it has had the signal too, and has to clean up while there is an engine
            return command.wait()


@contextlib.contextmanager
def engine() -> Iterator[dict[str, str]]:
    """What has to be set for the command to find it."""
    if why := needless():
        sys.stderr.write(f"containers: {why}\n")
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="with-engine-") as directory, contextlib.ExitStack() as until:
        try:
            place = until.enter_context(using(Path(directory), dockerd()))
        except EngineFailed as failed:
            raise SystemExit(f"containers: {failed}") from None
        sys.stderr.write(f"containers: an engine of our own, {place.path}\n")
        yield {"DOCKER_HOST": place.url}


def needless() -> str:
    """Why none is started: there is one, or there cannot be one."""
    chosen = [name for name in ("DOCKER_HOST", "DOCKER_CONTEXT") if os.environ.get(name)]
    if chosen:
        return f"the engine of {chosen[0]}"
    if answering := [path for path in USUAL if answers(Path(path))]:
        return f"the engine at {answering[0]}"
    why = lacking()
    return f"no engine answers, and {why}" if why else ""


if __name__ == "__main__":
    # Until there is a command to pass it on to, SIGTERM is like Ctrl-C: the engine is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise SystemExit(main(sys.argv[1:]))
