"""The way to an engine on another machine: the system's own ssh client, which the janitor ends with us."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from metricrig._core.deadlines import Deadline
from metricrig._core.ports import LOOPBACK
from metricrig.janitor.child import Order
from metricrig.janitor.client import janitor

_WITHIN = 30.0
_SOCKET = "/var/run/docker.sock"
_RIG = "engine"
_OPTIONS = {
    "BatchMode": "yes",  # nobody is there to be asked
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "ControlMaster": "yes",
    "ControlPersist": "no",
    "StreamLocalBindMask": "0177",
}


class SshTunnel:
    """A connection to a machine, through which its engine's socket and its ports are reached."""

    def __init__(self, url: str, ssh: str) -> None:
        self._destination, remote = destination(url)
        self._ssh = shlex.split(ssh)
        ours = janitor()
        self._directory = Path(tempfile.mkdtemp(prefix="metricrig-ssh-"))
        ours.adopt(self._directory)
        self.socket = self._directory / "engine.sock"
        self._log = self._directory / "log"
        self._child = ours.spawn(self._order(remote))
        self._await_socket()

    @property
    def ended(self) -> bool:
        """Whether it is of no use any more."""
        return self._child.exited.is_set()

    @property
    def pid(self) -> int:
        """Of the ssh client."""
        return self._child.pid

    def forward(self, local: int, remote: int) -> None:
        """Have a port of our 127.0.0.1 lead to one of the engine's."""
        self._command("forward", local, remote)

    def cancel(self, local: int, remote: int) -> None:
        """Have it lead nowhere."""
        self._command("cancel", local, remote)

    def last_words(self) -> str:
        """What ssh has complained about."""
        lines = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        return lines[-1] if lines else "it said nothing"

    def _order(self, remote: str) -> Order:
        options = [word for name, value in _OPTIONS.items() for word in ("-o", f"{name}={value}")]
        words = ["-N", "-S", str(self._directory / "control"), "-L", f"{self.socket}:{remote}"]
        return Order(
            rig=_RIG,
            name="ssh",
            argv=[*self._ssh, *options, *words, *self._destination],
            cwd=self._directory,
            env=dict(os.environ),
            out=self._log,
            stop_signal=15,
            service=False,
        )

    def _await_socket(self) -> None:
        """It binds the socket when it has been let in."""
        deadline = Deadline.after(_WITHIN)
        for pause in deadline.pauses():
            if self.socket.exists():
                return
            if self._child.exited.wait(pause):
                raise ConnectionError(f"ssh {self._child.refused or self._child.how}: {self.last_words()}")
        self._child.collect()
        raise TimeoutError(f"ssh has not connected after {deadline.within:g} s: {self.last_words()}")

    def _command(self, what: str, local: int, remote: int) -> None:
        control = ["-S", str(self._directory / "control"), "-O", what]
        ports = ["-L", f"{LOOPBACK}:{local}:{LOOPBACK}:{remote}"]
        words = [*self._ssh, *control, *ports, *self._destination]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
        if done.returncode:
            raise ConnectionError(f"ssh -O {what} of port {local}: {(done.stderr.strip() or self.last_words())}")


def destination(url: str) -> tuple[list[str], str]:
    """What ssh is told, and the path of the engine's socket there, from ``ssh://me@box:2222/run/engine.sock``."""
    parts = urlsplit(url)
    if not parts.hostname or parts.hostname.startswith("-") or (parts.username or "").startswith("-"):
        raise ValueError(f"{url} names no machine: ssh://user@machine")
    port = ["-p", str(parts.port)] if parts.port else []
    user = ["-l", parts.username] if parts.username else []
    return [*port, *user, "--", parts.hostname], parts.path if len(parts.path) > 1 else _SOCKET
