"""VictoriaMetrics, set up so that what was written can be asked for at once, and stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self, Unpack

from metricrig import ready
from metricrig.service import Service
from metricrig.services.recognition import Recognised
from metricrig.services.store_instance import StoreInstance
from metricrig.tools import DebianPackage, GoModule, Image, Release, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.metrics.results import Matrix
    from metricrig.metrics.store import VictoriaMetricsStore
    from metricrig.metrics.times import Moment
    from metricrig.placement import Placement
    from metricrig.services.common_options import Options


__all__ = ["VICTORIA_METRICS", "VictoriaMetrics", "VictoriaMetricsInstance"]
_RELEASES = "https://github.com/VictoriaMetrics/VictoriaMetrics/releases/download/v{version}"
VICTORIA_METRICS = Tool(
    name="victoria-metrics",
    executables=("victoria-metrics-prod", "victoria-metrics"),
    supported=">=1.79",
    preferred="1.128.0",
    version_pattern=r"victoria-metrics\S*?-v(\d+(?:\.\d+)+)",
    release=Release(
        archive=f"{_RELEASES}/victoria-metrics-{{os}}-{{arch}}-v{{version}}.tar.gz",
        checksums=f"{_RELEASES}/victoria-metrics-{{os}}-{{arch}}-v{{version}}_checksums.txt",
    ),
    debian=DebianPackage(packages=("victoria-metrics",), directory="usr/bin"),
    golang=GoModule(
        module="github.com/VictoriaMetrics/VictoriaMetrics",
        package="github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics",
        stamp="github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version=victoria-metrics-v{version}",
    ),
    image=Image("victoriametrics/victoria-metrics:v{version}", "/victoria-metrics-prod", "1.128.0"),
)


class VictoriaMetricsInstance(StoreInstance["VictoriaMetricsStore"]):
    """A running VictoriaMetrics."""

    def open_store(self, url: str) -> VictoriaMetricsStore:
        """Ours drops duplicates, so that a broken write may be sent again; of somebody else's that is not known."""
        from metricrig.metrics.results.content import VICTORIA_METRICS  # noqa: PLC0415 - see below
        from metricrig.metrics.store import VictoriaMetricsStore  # noqa: PLC0415 - 30 ms

        return VictoriaMetricsStore(url, idempotent=not self.attached, product=self._product(VICTORIA_METRICS))

    def settle(self) -> None:
        """Wait, a second at most, until it is certain that nothing written was lost; an error if something was."""
        self.store.settle()

    def export(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> Matrix:
        """Every sample as it is stored."""
        return self.store.export(*matches, start=start, end=end)


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

    def attached_to(self, url: str) -> Self:
        """Recognised by what its own metrics say of its version."""
        known = Recognised("the metrics of a VictoriaMetrics", lambda instance: instance.recognise("VictoriaMetrics"))
        return super().attached_to(url).but(ready=known)


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
