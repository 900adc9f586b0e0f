"""The line to a relay: orders go out, answers come back, one after the other."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig._core.private_directory import PrivateDirectory
from metricrig.relay.errors import RelayLost

if TYPE_CHECKING:
    from pathlib import Path

Message = dict[str, Any]
_ANSWER_TIMEOUT_SECONDS = 30.0
"""For one answer: a relay that has nothing to do takes less than a millisecond."""
CONTROL = "control"
"""The socket in a relay's directory."""
LOG = "log"
"""What it complains of, beside that."""


class ControlLine:
    """With the relay in this directory. Safe to use from many threads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self._numbers = 0
        self._rest = b""
        with PrivateDirectory.open(str(directory)) as held:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.settimeout(_ANSWER_TIMEOUT_SECONDS)
                # By a short path, however long the directory's is.
                self._socket.connect(f"/proc/self/fd/{held.descriptor}/{CONTROL}")
            except BaseException:
                self._socket.close()
                raise

    def ask(self, op: str, **fields: Any) -> Message:
        """Give an order; returns its answer when it has been carried out."""
        with self._lock:
            self._numbers += 1
            order = {"op": op, "seq": self._numbers, **fields}
            try:
                self._socket.sendall(json.dumps(order).encode() + b"\n")
                answer = self._answer(self._numbers)
            except OSError as error:
                raise RelayLost(
                    f"{self.directory}: it does not answer: {error.strerror or error}{self._said()}"
                ) from error
        if "error" in answer:
            raise _refused(op, answer)
        return answer

    def close(self) -> None:
        """Say nothing more; the relay goes on."""
        self._socket.close()

    def _said(self) -> str:
        """What it has complained of before it ended."""
        try:
            said = (self.directory / LOG).read_text(errors="replace").strip()
        except OSError:
            return ""
        return f"; it said: {said}" if said else ""

    def _answer(self, number: int) -> Message:
        """The answer to this order; one to an order that nobody waited for long enough is nobody's."""
        while True:
            while b"\n" not in self._rest:
                data = self._socket.recv(1 << 16)
                if not data:
                    raise ConnectionError("it has ended")
                self._rest += data
            line, self._rest = self._rest.split(b"\n", 1)
            answer: Message = json.loads(line)
            if answer["seq"] == number:
                return answer


def _refused(op: str, answer: Message) -> Exception:
    if answer["errno"]:
        return OSError(answer["errno"], os.strerror(answer["errno"]))
    return UsageError(f"the relay refuses to {op}: {answer['error']}")
