"""The link to a worker process: from before it has begun until it has said its last, or has died."""

from __future__ import annotations

import socket
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from metricrig._core.exit_status import in_words
from metricrig.load.workers.worker_messages import CallReport, WorkerEnd, WorkerReady

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Self

    from metricrig.janitor.work import Job
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.workers.worker_messages import BeginAt, StopNow, WorkerOrder

_STATUS_SECONDS = 1.0
"""After its connection has ended: for the janitor to tell how the process did."""
_SAID = 500
"""Characters of what a worker that has died wrote last, where the error usually is."""


class WorkerLink:
    """One worker; a context manager, at whose end it does not run any more."""

    def __init__(
        self, running: AbstractContextManager[Job], path: str, order: WorkerOrder, recorder: CallRecorder
    ) -> None:
        self.name = f"{order.worker + 1} of {order.workers}"
        self.ready = False
        self.end: WorkerEnd | None = None
        self.died = ""
        """How, if it did before it had said its last."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        self.source: socket.socket | Connection = listener
        """Where what it says comes from: its connection, or what it is to connect to."""
        self._running, self._order, self._recorder = running, order, recorder
        self._under_way = 0

    def __enter__(self) -> Self:
        self._job = self._running.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.source.close()
        self._running.__exit__(None, None, None)  # whatever ends the run, it ends the worker

    @property
    def over(self) -> bool:
        """Whether nothing will come any more."""
        return self.end is not None or bool(self.died)

    def look(self, *, heard: bool) -> None:
        """Take what has come, or see whether it has died before it could connect."""
        if isinstance(self.source, Connection):
            if heard:
                self._hear(self.source)
        elif heard:
            self._greet(self.source)
        elif self._job.ended(0):
            self._has_died()

    def tell(self, message: BeginAt | StopNow) -> None:
        """To a worker that is still there."""
        if isinstance(self.source, Connection) and not self.over:
            with suppress(OSError):  # it has died, and will be found dead
                self.source.send(message)

    def _greet(self, listener: socket.socket) -> None:
        accepted, _ = listener.accept()
        listener.close()
        self.source = Connection(accepted.detach())
        with suppress(OSError):
            self.source.send(self._order)

    def _hear(self, connection: Connection) -> None:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            self._has_died()
            return
        if isinstance(message, WorkerReady):
            self.ready = True
        elif isinstance(message, WorkerEnd):
            self.end = message
        elif isinstance(message, CallReport):
            self._recorder.take_calls(message.calls, message.kinds, message.operations)
            self._recorder.count_elsewhere(message.begun, message.under_way - self._under_way)
            self._under_way = message.under_way

    def _has_died(self) -> None:
        self._job.ended(_STATUS_SECONDS)
        said = (self._job.refused or self._job.err).strip()[-_SAID:]
        self.died = in_words(self._job.status) + (f": {said}" if said else "")
