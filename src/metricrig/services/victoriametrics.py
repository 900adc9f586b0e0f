"""VictoriaMetrics, set up so that what was written can be asked for at once, and stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from metricrig import ready
from metricrig.service import Service
from metricrig.services.stores import VictoriaMetricsInstance
from metricrig.tools import VICTORIA_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.placement import Placement
    from metricrig.services.options import Options


class VictoriaMetrics(Service):
    """A single-node VictoriaMetrics. ``args`` are added to its command."""

    instance_type: ClassVar[type[VictoriaMetricsInstance]] = VictoriaMetricsInstance

    def __init__(self, name: str = "victoriametrics", *, args: Sequence[str] = (), **options: Unpack[Options]) -> None:
        options.setdefault("ready", ready.http("/health"))
        super().__init__(
            name=name,
            tool=VICTORIA_METRICS,
            command=lambda at: [*_command(at), *at.render_all(args)],
            ports={"http": 8428},
            metrics="/metrics",
            cwd="{dir}",
            **options,
        )


def _command(at: Placement) -> list[str]:
    """Flags that make a good test server, each only where the version found has it."""
    return [
        at.tool,
        f"-httpListenAddr={at.address()}",
        f"-storageDataPath={at.dir}/data",
        # The default drops samples older than a month without a word.
        "-retentionPeriod=100y",
        # Fresh samples are hidden for 30 s by default. Before 1.88 anything under a second meant a second.
        f"-search.latencyOffset={'0s' if at.at_least('1.88') else '1s'}",
        # A range answer from the rollup cache is stale for seconds after a backfill.
        "-search.disableCache",
        # Duplicates of a timestamp are all kept otherwise, and which one counts is arbitrary.
        "-dedup.minScrapeInterval=1ms",
    ]
