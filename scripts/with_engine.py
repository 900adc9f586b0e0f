"""Run a command with a container engine: yours if one answers, else one that is started for it and stopped afterwards.

``python3 scripts/with_engine.py make test``. Where no engine answers and none can be started, the command runs without
one, and says so itself. The engine that is started here has data and sockets of its own, and DOCKER_HOST names it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = ("/var/run/docker.sock", "/run/podman/podman.sock", f"{Path.home()}/.docker/run/docker.sock")
WITHIN = 60.0


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
        sys.stderr.write(f"{why}\n")
        yield {}
        return
    # A socket's path is at most 107 bytes, so this is not below the project.
    root = Path(tempfile.mkdtemp(prefix="engine-"))
    process = started(root)
    try:
        yield {"DOCKER_HOST": f"unix://{root / 'engine.sock'}"}
    finally:
        process.terminate()
        process.wait(WITHIN)
        # It leaves its own network namespace mounted there.
        subprocess.run(["umount", root / "exec" / "netns" / "default"], capture_output=True, check=False)
        shutil.rmtree(root)


def needless() -> str:
    """Why none is started: there is one, or there cannot be one."""
    chosen = [name for name in ("DOCKER_HOST", "DOCKER_CONTEXT") if os.environ.get(name)]
    if chosen:
        return f"containers: the engine of {chosen[0]}"
    if answering := [path for path in USUAL if answers(path)]:
        return f"containers: the engine at {answering[0]}"
    if shutil.which("dockerd") is None:
        return "containers: no engine answers, and dockerd is not installed"
    return "" if os.geteuid() == 0 else "containers: no engine answers, and only root can start one"


def answers(path: str) -> bool:
    """Whether anybody accepts connections there."""
    with socket.socket(socket.AF_UNIX) as knock:
        return knock.connect_ex(path) == 0


def started(root: Path) -> subprocess.Popen[bytes]:
    """A dockerd in a session of its own, so that Ctrl-C does not end it before what needs it."""
    words = ["dockerd", "-H", f"unix://{root}/engine.sock", "--data-root", f"{root}/data"]
    words += ["--exec-root", f"{root}/exec", "--pidfile", f"{root}/pid"]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(process, root / "log")
    except BaseException:
        process.kill()
        raise
    sys.stderr.write(f"containers: an engine of our own, {root}\n")
    return process


def wait_for(process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it says that it listens."""
    end = time.monotonic() + WITHIN
    while "API listen on" not in (said := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"containers: dockerd does not start here:\n{said[-2000:]}")
        time.sleep(0.01)


if __name__ == "__main__":
    # Until there is a command to pass it on to, SIGTERM is like Ctrl-C: the engine is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise SystemExit(main(sys.argv[1:]))
