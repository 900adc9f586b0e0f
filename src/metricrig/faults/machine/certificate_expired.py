"""Certificate expired: a server shows one whose time is over, and whoever verifies it refuses the connection."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core import arguments
from metricrig._core.errors import Unavailable, UsageError
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine.expired_twin import Authority, expired_twin
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.faults.machine.tls_handshake import EXPIRED, IN_A_ROW, SUCCEEDED, handshake, said_at_last
from metricrig.lifecycle import start, stop
from metricrig.lifecycle.service_files import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running

    Reload = int | Callable[[], object] | None

_EXAMPLE = 'certificate_expired(file="server.pem", authority="authority-with-key.pem", reload=signal.SIGHUP)'


class CertificateExpired(MachineFault):
    """The file in the service's directory is replaced, and the service is made to load it."""

    kind = "certificate expired"
    colour = "#a04000"

    def __init__(self, victim: Victim, *, file: str, authority: str | Path, port: str | None, reload: Reload) -> None:
        super().__init__(victim)
        if not file or not str(authority):
            raise UsageError(
                f"{victim.name}: which certificate is to expire, and who can sign that?\n"
                f"  what works: {victim.name}.{_EXAMPLE}"
            )
        self.file = file
        self.authority = Path(authority)
        self._port = port
        self._reload = reload
        if reload is not None and not callable(reload):
            self._reload = arguments.signal_number(f"{victim.name}.certificate_expired", "reload", reload)
        self._before: bytes | None = None

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"the certificate of {self.victim} has expired"

    def require(self) -> None:
        """It has to serve that certificate, to whoever trusts that authority."""
        super().require()
        self._twin()
        if self._target.state.running is not None and (said := self._handshake()) != SUCCEEDED:
            raise Unavailable(
                self.name,
                reason=f"a handshake with it fails without this fault too: {said}",
                remedy="a port (port=) that speaks TLS from its first byte, and a certificate signed by this authority",
            )

    def _strike(self, running: Running) -> None:
        del running
        state = self._target.state
        self._before, twin = self._path.read_bytes(), self._twin()
        if self.file in state.service.files:
            state.replaced[self.file] = twin
        self._load(twin)

    def _proof(self) -> str:
        if (said := said_at_last(self._handshake, EXPIRED)) != EXPIRED:
            raise FaultWithoutEffect(
                self.name,
                expected=f"a handshake to fail: {EXPIRED}",
                seen=said,
                remedy=f"have it load the certificate anew by its own means: {self.victim}.{_EXAMPLE}",
            )
        return f"{IN_A_ROW} handshakes in a row fail: {EXPIRED}"

    def _mend(self) -> None:
        """Also if the service has died of it: what is started next has the good one."""
        before, state = self._before, self._target.state
        if before is None:
            return
        state.replaced.pop(self.file, None)
        if state.runs:
            self._load(before)
        else:
            self._write(before)

    def _relieve(self, running: Running) -> None:
        """All is done above."""

    def _proof_of_health(self) -> str:
        said = super()._proof_of_health()
        self._before = None  # not sooner: what has not healed is mended again
        return said

    def _withdraw(self) -> None:
        try:
            super()._withdraw()
        finally:
            self._before = None

    def _recovery(self, running: Running) -> str:
        if (said := said_at_last(self._handshake, SUCCEEDED)) != SUCCEEDED:
            raise FaultNotHealed(self.name, expected="a handshake to succeed", seen=said)
        return f"{IN_A_ROW} handshakes in a row succeed; {self._ready(running)}"

    @property
    def _path(self) -> Path:
        return self._target.state.directory / self.file

    def _signer(self) -> Authority:
        return Authority.of(str(self.authority), self._read(self.authority))

    def _twin(self) -> bytes:
        return expired_twin(self.file, self._read(self._path), self._signer())

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            why = f"{path} cannot be read: {error.strerror}"
            raise UsageError(f"{self.victim}: {why}\n  what works: {self.victim}.{_EXAMPLE}") from error

    def _write(self, content: bytes) -> None:
        state = self._target.state
        write_file(state.directory, self.file, content, owner=state.site.owner)

    def _load(self, content: bytes) -> None:
        """Have it serve this."""
        state = self._target.state
        self._write(content)
        if callable(self._reload):
            self._reload()
        elif self._reload is not None:
            state.require_running("a reload").signal(self._reload)
        else:
            with _ready_when_it_listens(self._target):
                stop.stop_all([state])
                start.start(state, self._target.subject)
        self._hit = state.running or self._hit

    def _handshake(self) -> str:
        outside = self._target.state.site.outside
        return handshake(outside.host, self._number(outside.ports), self._signer().certificate)

    def _number(self, ports: Mapping[str, int]) -> int:
        if not ports or (self._port is not None and self._port not in ports):
            known = ", ".join(map(repr, ports)) or 'none; give it some: ports={"https": 8443}'
            raise UsageError(
                f"{self.victim}: port {self._port!r} is to show the certificate, and its ports are: {known}"
            )
        return ports[self._port] if self._port is not None else next(iter(ports.values()))


@contextlib.contextmanager
def _ready_when_it_listens(victim: Victim) -> Iterator[None]:
    """Its own probe may verify the certificate, and so would say of a bad one that it never gets ready."""
    state, own = victim.state, victim.state.service
    state.service = own.but(ready=None)
    try:
        yield
    finally:
        state.service = own
