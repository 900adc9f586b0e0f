"""A command in a container that runs already."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError

from metricrig._core.exit_status import in_words
from metricrig.runtimes.docker.engine.errors import engine_message
from metricrig.runtimes.docker.engine_process import LOST, EngineProcess, status_of
from metricrig.runtimes.docker.output_stream import OutputStream

if TYPE_CHECKING:
    from metricrig.resources import Resources
    from metricrig.runtimes import Launch
    from metricrig.runtimes.docker.container import Container
    from metricrig.runtimes.docker.engine.connection import ContainerEngine


class ExecCommand(EngineProcess):
    """It ends with its container at the latest."""

    frozen = False
    """Nobody pauses a command."""

    def __init__(self, engine: ContainerEngine, container: Container, *, here: bool) -> None:
        super().__init__()
        self.here = here
        self._engine = engine
        self._container = container
        self._id = ""

    def start(self, launch: Launch, user: str) -> None:
        """Begin it, hand over its input, follow its output."""
        client = self._engine.client
        try:
            self._id = client.exec_create(
                self._container.id,
                list(launch.argv),
                stdin=launch.stdin is not None,
                environment=dict(launch.env),
                workdir=str(launch.cwd) if launch.cwd else None,
                user=user,
            )["Id"]
            output = OutputStream(client.exec_start(self._id, socket=True))
        except APIError as error:
            self.refused = engine_message(error)
            self.ended(None, f"could not be started: {self.refused}")
            return
        self.follow(output, launch.out, launch.err)
        output.feed(launch.stdin)

    @property
    def pid(self) -> int:
        """As the engine's machine knows it."""
        return int(self._engine.client.exec_inspect(self._id)["Pid"]) if self._id else 0

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self.exited.is_set()

    def listens(self, port: int) -> bool:
        """Nobody asks a command."""
        return bool(port)

    def resources(self) -> Resources:
        """Those of all that runs in the container."""
        return self._container.resources()

    def signal(self, number: int, *, tree: bool = False) -> None:
        """An engine passes no signals to such a command: it is done to its process, where that is one of ours."""
        from metricrig.janitor import process_tree  # noqa: PLC0415 - only for one that takes too long

        pid = self.pid
        if pid and self.here and Path(f"/proc/{pid}").exists():
            (process_tree.send_to_tree if tree else os.kill)(pid, number)

    def freeze(self) -> None:
        """See ``signal``."""
        self.signal(signal.SIGSTOP, tree=True)

    def collect(self) -> None:
        """End it if it still runs."""
        if not self.exited.is_set():
            with suppress(OSError):
                self.signal(signal.SIGKILL, tree=True)

    def ending(self) -> tuple[int | None, str]:
        """Ask the engine."""
        try:
            code = self._engine.client.exec_inspect(self._id)["ExitCode"]
        except (APIError, OSError):
            return None, LOST
        status = None if code is None else status_of(int(code))
        return status, in_words(status)
