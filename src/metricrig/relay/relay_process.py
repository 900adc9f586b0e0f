"""A relay's process: started by the janitor, so that it ends with its owner, whatever ends that."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded
from metricrig._core.private_directory import PrivateDirectory
from metricrig.janitor.child import JANITOR_REPLY_TIMEOUT, Order
from metricrig.janitor.errors import JanitorLost
from metricrig.relay.control_line import CONTROL, LOG, ControlLine
from metricrig.relay.errors import RelayLost
from metricrig.relay.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.janitor.child import Child
    from metricrig.janitor.client import Janitor
    from metricrig.relay.route import Address

DIRECTORY = ".relay"
"""Where a relay lives in its rig's directory; no service can have this name."""
_BOOT = str(Path(__file__).with_name("server") / "relay_boot.py")
_ANY_PORT = ("127.0.0.1", 0)


class RelayProcess:
    """One relay, with as many routes as are wanted."""

    def __init__(self, janitor: Janitor, *, rig: str, directory: Path) -> None:
        self.directory = directory / DIRECTORY
        PrivateDirectory.make(str(self.directory)).close()
        self._log = self.directory / LOG
        self._child: Child = janitor.spawn(
            Order(
                rig=rig,
                name="relay",
                argv=[sys.executable, "-I", "-S", _BOOT, CONTROL],
                cwd=self.directory,
                env={},
                out=self._log,
                stop_signal=signal.SIGTERM,
                service=False,
            )
        )
        try:
            self.control = self._begun()
        except BaseException:
            self._collect()
            raise

    def open(self, name: str, target: Address, *, listen: Sequence[Address] = (_ANY_PORT,), kind: str = "tcp") -> Route:
        """A new route; port 0 is any that is free, and ``route.listen`` says which."""
        known = self.control.ask("open", route=name, target=target, listen=list(listen), kind=kind)
        return Route(self.control, known)

    @property
    def routes(self) -> list[Route]:
        """Those that it has now, whoever has opened them."""
        return [Route(self.control, each) for each in self.control.ask("look")["routes"]]

    @property
    def toxiproxy_url(self) -> str:
        """Where it speaks Toxiproxy's API; it begins to when this is asked for."""
        host, port = self.control.ask("toxiproxy")["listen"]
        return f"http://{host}:{port}"

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def close(self) -> None:
        """End it, and all connections of its routes."""
        self.control.close()
        self._collect()

    def _collect(self) -> None:
        with contextlib.suppress(JanitorLost):  # whoever removes the rig ends what is left
            self._child.collect()

    def _begun(self) -> ControlLine:
        """Wait until it takes orders."""
        for pause in Deadline.after(JANITOR_REPLY_TIMEOUT).pauses():
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return ControlLine(self.directory)
            if self._child.exited.wait(pause):
                said = self._log.read_text(errors="replace").strip() if self._log.exists() else ""
                raise RelayLost(f"the relay {self._child.refused or self._child.how} before it took orders: {said}")
        raise DeadlineExceeded("the relay", wanted="it takes orders", seen="no socket", within=JANITOR_REPLY_TIMEOUT)
