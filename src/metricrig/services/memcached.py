"""Memcached: the whole server, emptied, for one test at a time."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, ClassVar, Unpack

from metricrig import ready
from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.leases import Lease, PerProcess, holder
from metricrig._core.sockets import asking, connect
from metricrig.instance import Instance
from metricrig.service import Service
from metricrig.services.isolated_handle import Handle
from metricrig.tools import DebianPackage, Image, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.services.common_options import Options


__all__ = ["MEMCACHED", "Memcached", "MemcachedInstance", "MemcachedTurn"]
MEMCACHED = Tool(
    name="memcached",
    executables=("memcached",),
    supported=">=1.5",
    version_pattern=r"memcached (\d+(?:\.\d+)+)",
    debian=DebianPackage(packages=("memcached",), directory="usr/bin"),
    image=Image("memcached:{version}", "memcached", "1.6.38"),
)


class MemcachedTurn(Handle["MemcachedInstance"]):
    """The whole server, empty, until this is closed: Memcached has nothing smaller, such as databases."""

    def __init__(self, server: MemcachedInstance, give_back: Callable[[], object]) -> None:
        super().__init__(server, "turn", give_back)


class MemcachedInstance(Instance):
    """A running Memcached."""

    def __init__(self, state: InstanceState) -> None:
        super().__init__(state)
        self._turn = PerProcess[list[Lease]](list)

    def isolated(self) -> MemcachedTurn:
        """The server, emptied, for one test at a time; an error while another one, of any process, has it.

        Refused on a server that somebody else runs: what it holds would be lost to everybody.
        """
        if self.attached:
            raise UsageError(
                f"{self.name} is somebody else's Memcached, which has no namespaces: to give a test a part of its own,"
                f" all that it holds would have to be flushed, whosever it is\n"
                f"  what to do: use the server itself (memcached_server) with keys of your own,"
                f" or let one be started for the tests"
            )
        path = self.locks / "memcached.lock"
        lease = Lease.take(path)
        if lease is None:
            raise UsageError(
                f"{self.name}: Memcached has no namespaces, and process {holder(path)} has it to itself\n"
                f"  what to do: close that handle first, or give each test process a Memcached of its own"
            )
        self._turn.get()[:] = [lease]  # there is one at a time
        turn = MemcachedTurn(self, lease.release)
        try:
            self._empty()
        except BaseException:
            turn.close()
            raise
        return turn

    def release(self) -> None:
        """Let other processes have it."""
        super().release()
        for lease in self._turn.forget() or ():
            lease.release()

    def _empty(self) -> None:
        # By their unique numbers (CAS), the server tells items of before and after to the item. Without those it
        # goes by seconds: what was set in the second of the flush would survive it.
        if b"STAT cas_enabled yes" not in self._answer(b"stats settings\r\n", b"END\r\n"):
            raise UsageError(f"{self.name} runs without CAS (-C): flush_all would leave what the last second has set")
        self._answer(b"flush_all\r\n", b"OK\r\n")

    def _answer(self, question: bytes, end: bytes) -> bytes:
        words = question.strip().decode()
        answer = b""
        with asking(self.name, f"answer to {words}"), connect((self.host, self.port)) as connection:
            connection.sendall(question)
            while not answer.endswith(end):
                said = connection.recv(65536)
                if not said:
                    raise MetricrigError(f"{self.name} answered {words} with {answer[:200]!r}")
                answer += said
                if answer.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")):
                    raise MetricrigError(f"{self.name} answered {words} with {answer[:200]!r}")
        return answer


class Memcached(Service):
    """A Memcached server. ``args`` are added to its command."""

    instance_type: ClassVar[type[MemcachedInstance]] = MemcachedInstance
    shared_by_workers: ClassVar[bool] = False
    """It has no namespaces, and is flushed for each test."""

    def __init__(self, name: str = "memcached", *, args: Sequence[str] = (), **options: Unpack[Options]) -> None:
        options.setdefault("ready", ready.reply(b"version\r\n", b"VERSION"))
        super().__init__(
            name=name,
            tool=MEMCACHED,
            command=["{tool}", "-l", "{host}", "-p", "{port}", "-U", "0", *args],
            ports={"memcached": 11211},
            url="memcached://{host}:{port}",
            cwd="{dir}",
            unprivileged=True,  # it refuses to run as root
            # It has nothing to save, and looks at SIGTERM only once a second.
            stop_signal=signal.SIGKILL,
            **options,
        )
