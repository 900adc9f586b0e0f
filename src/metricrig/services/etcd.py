"""etcd: a cluster of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from metricrig import ready
from metricrig.service import Service
from metricrig.tools import ETCD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.placement import Placement
    from metricrig.services.options import Options


class Etcd(Service):
    """An etcd server. ``args`` are added to its command."""

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
