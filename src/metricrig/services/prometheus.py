"""Prometheus: scrapes what it is told to, and takes remote writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack
from urllib.parse import parse_qs, urlsplit

from metricrig import ready
from metricrig.instance import Instance
from metricrig.service import Service
from metricrig.services.recognition import Recognised
from metricrig.services.store_instance import StoreInstance
from metricrig.tools import DebianPackage, GoModule, Image, Release, Tool
from metricrig.tools.version_numbers import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.metrics.store import PrometheusStore
    from metricrig.placement import Placement
    from metricrig.services.common_options import Options

    Target = Instance | str


__all__ = ["PROMETHEUS", "Prometheus", "PrometheusInstance"]


def _module_version(version: str) -> str | None:
    """Prometheus is one module whose numbers never reached 2: 2.42.1 is v0.42.1, 3.5.0 is v0.305.0."""
    parts = numbers(version)
    if len(parts) != 3:  # noqa: PLR2004 - all of its releases have three
        return None
    major, minor, patch = parts
    hundreds = {2: 0, 3: 300}.get(major)
    return None if hundreds is None else f"v0.{hundreds + minor}.{patch}"


_RELEASES = "https://github.com/prometheus/prometheus/releases/download/v{version}"
PROMETHEUS = Tool(
    name="prometheus",
    executables=("prometheus",),
    supported=">=2.40",
    preferred="3.5.0",
    version_pattern=r"prometheus, version (\d+(?:\.\d+)+(?:-rc\.\d+)?)",
    release=Release(
        archive=f"{_RELEASES}/prometheus-{{version}}.{{os}}-{{arch}}.tar.gz",
        checksums=f"{_RELEASES}/sha256sums.txt",
    ),
    debian=DebianPackage(packages=("prometheus",), directory="usr/bin"),
    golang=GoModule(
        module="github.com/prometheus/prometheus",
        package="github.com/prometheus/prometheus/cmd/prometheus",
        stamp="github.com/prometheus/common/version.Version={version}",
        module_version=_module_version,
    ),
    image=Image("prom/prometheus:v{version}", "/bin/prometheus", "3.5.0"),
)
# What is older than the newest sample by half a block is not taken, and a block is two hours; a hundred years are the
# retention. The other way, storage.tsdb.out_of_order_time_window, answers well to a duplicate of an older sample and
# keeps one of the two (2.42 the new, 3.5 the old), and compacts every two hours since the oldest: a core for minutes.
_ANY_AGE = ("--storage.tsdb.min-block-duration=200y", "--storage.tsdb.max-block-duration=200y")


class PrometheusInstance(StoreInstance["PrometheusStore"]):
    """A running Prometheus."""

    def open_store(self, url: str) -> PrometheusStore:
        """Its remote write receiver is enabled."""
        from metricrig.metrics.results.content import PROMETHEUS  # noqa: PLC0415 - see below
        from metricrig.metrics.store import PrometheusStore  # noqa: PLC0415 - 30 ms

        return PrometheusStore(url, product=self._product(PROMETHEUS))


class Prometheus(Service):
    """A Prometheus server.

    ``scrape`` names instances of the rig (each at its own metrics page) or addresses; it does not scrape itself
    unless told to, because its own samples would make older ones, written by a test, too old to be taken.
    Its first scrape comes five seconds after its start, whatever ``every`` says: its target discovery waits so long.
    ``any_age`` makes it take samples of any age, whatever others have written: for tests that share it and are about
    different times. Each series still has to be written in the order of time.
    ``config`` is merged over the configuration: ``{"global": {...}, "rule_files": [...]}``. ``args`` are added to
    its command.
    """

    instance_type: ClassVar[type[PrometheusInstance]] = PrometheusInstance

    @classmethod
    def for_tests(cls) -> Self:
        """One that takes samples of any time in any order, because tests come in any order."""
        return cls(any_age=True)

    def __init__(
        self,
        name: str = "prometheus",
        *,
        scrape: Sequence[Target] = (),
        every: str = "1s",
        any_age: bool = False,
        config: Mapping[str, Any] | None = None,
        args: Sequence[str] = (),
        **options: Unpack[Options],
    ) -> None:
        options.setdefault("ready", ready.http("/-/ready"))

        def configuration(_: Placement) -> str:
            jobs = [_job(target) for target in scrape]
            # JSON is YAML.
            return json.dumps(
                {"global": {"scrape_interval": every}, "scrape_configs": jobs, **(config or {})}, indent=1
            )

        # Their addresses are final when they are ready, and not before.
        options["needs"] = [*options.get("needs", ()), *(each for each in scrape if isinstance(each, Instance))]
        options["files"] = {"prometheus.yml": configuration, **options.get("files", {})}
        super().__init__(
            name=name,
            tool=PROMETHEUS,
            command=lambda at: [*_command(at), *(_ANY_AGE if any_age else []), *at.render_all(args)],
            ports={"http": 9090},
            metrics="/metrics",
            cwd="{dir}",
            **options,
        )

    def attached_to(self, url: str) -> Self:
        """Recognised by what its own metrics say of its version."""
        known = Recognised("the metrics of a Prometheus", lambda instance: instance.recognise("Prometheus"))
        return super().attached_to(url).but(ready=known)


def _command(at: Placement) -> list[str]:
    receiver = "--web.enable-remote-write-receiver" if at.at_least("2.33") else "--enable-feature=remote-write-receiver"
    return [
        at.tool,
        f"--config.file={at.dir}/prometheus.yml",
        f"--storage.tsdb.path={at.dir}/data",
        f"--web.listen-address={at.address()}",
        "--storage.tsdb.retention.time=100y",
        receiver,
    ]


def _job(target: Target) -> dict[str, Any]:
    """A scrape job of its own for each target, named like it."""
    if not isinstance(target, Instance):
        return {"job_name": target, "static_configs": [{"targets": [target]}]}
    if target.service.metrics is None:
        return {"job_name": target.name, "static_configs": [{"targets": [target.inside.address()]}]}
    page = urlsplit(target.metrics_url(target.inside))
    return {
        "job_name": target.name,
        "scheme": page.scheme,
        "metrics_path": page.path or "/metrics",
        "params": parse_qs(page.query),
        "static_configs": [{"targets": [page.netloc]}],
    }
