"""A container, as the rest of the library sees something that runs."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import Unavailable
from metricrig._core.process_id import ProcessId
from metricrig.logs import LogFile
from metricrig.runtimes.docker import container_processes
from metricrig.runtimes.docker.container_network import ContainerNetwork
from metricrig.runtimes.docker.engine.errors import engine_message
from metricrig.runtimes.docker.engine_process import EngineProcess, end_in_words, status_of
from metricrig.runtimes.docker.output_stream import OutputStream
from metricrig.runtimes.docker.removal import remove_container

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from metricrig.resources import Resources
    from metricrig.runtimes import Launch, Running
    from metricrig.runtimes.docker.engine.locality import ReachedEngine
    from metricrig.runtimes.docker.published_ports import PublishedPorts

STALE_STATE_TIMEOUT = 10.0
"""Seconds after which the engine's word is taken for it that a container is paused already, or not any more."""
_TAKEN = ("address already in use", "port is already allocated")
_NOT_EXECUTED_STATUS = (1, 126, 127)
_INITS_COMPLAIN = ("[FATAL tini", "ERROR (catatonit")
_NOT_EXECUTED = ("executable file not found", "no such file or directory", "permission denied", "exec format error")


class Container(EngineProcess):
    """One that was created; ``start`` it. ``free_ports`` lets go of what keeps its ports from others."""

    def __init__(
        self,
        reached: ReachedEngine,
        identity: str,
        ports: PublishedPorts,
        *,
        memory: int | None,
        on_exit: Callable[[Running], None] | None,
        fetch: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(on_exit)
        self.id = identity
        self.blocked = False
        """Whether it could not start because somebody else has one of its ports."""
        self._engine = reached.engine
        self._here = reached.here
        self._ports = ports
        self._fetch = fetch
        """Takes what it has made, before it is removed."""
        self._memory = memory
        self._pid = 0
        self._frozen = False
        """Whether we have frozen it."""
        self.network = ContainerNetwork(reached.engine, identity, lambda: self._first)
        self._out: Path | None = None
        self._collected = False

    def start(self, launch: Launch, free_ports: Callable[[], bool]) -> None:
        """Attach, start, follow."""
        try:
            output = self._attach_and_start(launch, free_ports)
        except (APIError, OSError) as error:
            self._not_started(engine_message(error))
            return
        self._out = launch.err or launch.out
        self.follow(output, launch.out, launch.err)
        output.feed(launch.stdin)

    def _attach_and_start(self, launch: Launch, free_ports: Callable[[], bool]) -> OutputStream:
        """Attached before it is started, so that nothing it says is lost. (Podman takes the ports at that moment.)"""
        wanted = {"stdout": 1, "stderr": 1, "stream": 1, "stdin": int(launch.stdin is not None)}
        output = None
        try:
            output = OutputStream(self._engine.client.attach_socket(self.id, wanted))
            self._engine.client.start(self.id)
            self._open_ports(free_ports)
        except (APIError, OSError) as error:
            if output is not None:
                output.close()
            if not _speaks_of(error, _TAKEN) or not free_ports():
                raise
            return self._attach_and_start(launch, free_ports)  # it was our own reservation that was in its way
        return output

    def _open_ports(self, free_ports: Callable[[], bool]) -> None:
        try:
            self._ports.open(self.id)
        except OSError:
            self._ports.close()
            self.blocked = not free_ports()
            if self.blocked:
                raise
            self._open_ports(free_ports)

    def _not_started(self, why: str) -> None:
        self.blocked = self.blocked or any(words in why for words in _TAKEN)
        if any(words in why for words in _NOT_EXECUTED):
            self.refused = why
        self.ended(None, f"could not be started: {why}")

    @property
    def pid(self) -> int:
        """The program's own, not that of the init before it; 0 if it was never started.

        On another machine it is its number there, and that of the init.
        """
        return container_processes.main_process(self._first) if self._first and self._here else self._first

    @property
    def _first(self) -> int:
        """The container's first process, as this machine knows it."""
        if not self._pid and not self.exited.is_set():
            state = self._state()
            self._pid = int(state["Pid"]) if state else 0
        return self._pid

    @property
    def gone(self) -> bool:
        """Whether it has ended, even if the news is on its way."""
        if self.exited.is_set():
            return True
        if not self._here:
            state = self._state()
            return not state or not state["Running"]
        identity = ProcessId.of(self._first) if self._first else None
        return identity is None or not identity.alive

    @property
    def here(self) -> bool:
        """Whether the engine is one of this machine."""
        return self._here

    @property
    def frozen(self) -> bool:
        """Whether it is paused, by the engine's word: its processes are frozen without being told."""
        state = None if self.exited.is_set() else self._state()
        return state is not None and bool(state["Running"]) and bool(state["Paused"])

    def listens(self, port: int) -> bool:
        """The engine's own proxy accepts connections before there is a server: whether there is, the kernel knows."""
        return container_processes.listens(self._first, port) if self._here else self._ports.answered(port)

    def resources(self) -> Resources:
        """Read from this machine's table of processes."""
        from metricrig.resources import of_tree  # noqa: PLC0415 - few ask

        if not self._here:
            raise Unavailable(
                "the resources of a container elsewhere",
                reason=f"they are read from a table of processes, and that is on {self._engine.host}",
                remedy="use an engine of this very machine where a test asks for them",
            )
        return of_tree(self.pid)

    def signal(self, number: int, *, tree: bool = False) -> None:
        """To the program; to all of them means the container as a whole."""
        del tree  # what ends the program ends the container, and stopping is done to all
        if number == signal.SIGSTOP:
            self.freeze()
        elif number == signal.SIGCONT:
            self._unfreeze()
        else:
            self._ask_engine(self._engine.client.kill, int(number))

    def freeze(self) -> None:
        """The kernel stops all of its processes before the engine answers."""
        self._ask_until_done(self._engine.client.pause, "already paused")
        self._frozen = True

    def _unfreeze(self) -> None:
        """Somebody else may have frozen it, but as a rule it is not: that is not insisted on."""
        if self._frozen:
            self._ask_until_done(self._engine.client.unpause, "is not paused")
        else:
            self._ask_engine(self._engine.client.unpause)
        self._frozen = False

    def _ask_until_done(self, what: Callable[[str], object], stale: str) -> None:
        """Ask until it is done, although the engine says that it is so already.

        Docker hears of the last pause or resumption after it has answered, and takes that for the present state: right
        after a pause it may believe for a moment that the container runs, and refuse to let it go on.
        """
        for pause in Deadline.after(STALE_STATE_TIMEOUT).pauses():
            try:
                what(self.id)
            except APIError as error:
                if stale not in engine_message(error):
                    self._raise_if_serious(error)
                    return
            else:
                return
            if self.exited.wait(pause):  # it is true, then
                return

    def _ask_engine(self, what: Callable[..., object], *words: int) -> None:
        """Something that makes no difference to a container that is gone, or is in that state already."""
        try:
            what(self.id, *words)
        except APIError as error:
            self._raise_if_serious(error)

    @staticmethod
    def _raise_if_serious(error: APIError) -> None:
        if error.status_code not in {404, 409} and "is not paused" not in engine_message(error):
            raise error

    def collect(self) -> None:
        """Remove it, whatever it does."""
        self._collected = True
        if self._fetch is not None and self.exited.is_set() and self.status is not None:
            self._fetch(self.id)
        remove_container(self._engine.client, self.id)
        if self._pid or not self.exited.is_set():
            self.exited.wait()

    def ending(self) -> tuple[int | None, str]:
        """Ask the engine."""
        self._ports.close()
        code: int | None = None
        with suppress(DockerException, RequestException):
            code = int(self._engine.client.wait(self.id)["StatusCode"])
        try:
            state = self._state()
        except (DockerException, RequestException):
            return None, end_in_words(None, {}, None)
        if self._collected:  # it is we who have removed it
            code, state = (128 + signal.SIGKILL if code is None else code), {}
        elif code in _NOT_EXECUTED_STATUS:
            self.refused = self._words_of_init()
        return None if code is None else status_of(code), end_in_words(code, state, self._memory)

    def _words_of_init(self) -> str | None:
        """Why the init before the program could not execute it, if that is what happened."""
        last = LogFile(self._out).tail(1) if self._out else ""
        return last.partition("exec ")[2] if last.startswith(_INITS_COMPLAIN) else None

    def _state(self) -> dict[str, Any] | None:
        """The engine's own description; None if it knows no such container any more."""
        try:
            state: dict[str, Any] = self._engine.client.inspect_container(self.id)["State"]
        except NotFound:
            return None
        return state


def _speaks_of(error: Exception, words: tuple[str, ...]) -> bool:
    return any(each in engine_message(error) for each in words)
