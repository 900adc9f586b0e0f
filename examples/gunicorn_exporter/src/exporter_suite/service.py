"""A Gunicorn with the exporter in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from exporter_suite import configuration
from exporter_suite.storage import MULTIPROC, Files, InRedis
from exporter_suite.traffic import visit
from metricrig import metric, ready
from metricrig.services import Gunicorn, GunicornInstance, at_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from prometheus_client import Metric

    from exporter_suite.configuration import Edit
    from exporter_suite.storage import Storage
    from metricrig import Placement
    from metricrig.metrics import Expression

WORKERS = {
    "sync": "PrometheusWorker",
    "gthread": "PrometheusThreadWorker",
    "gevent": "PrometheusGeventWorker",
    "eventlet": "PrometheusEventletWorker",
}
REQUESTS = "gunicorn_worker_requests_total"
DURATIONS = "gunicorn_worker_request_duration_seconds_count"
RESTARTS = "gunicorn_master_worker_restart_total"


class ExporterInstance(GunicornInstance):
    """A running Gunicorn with the exporter. ``metrics`` is the exporter's page.

    Families stand on it twice, and the master's counters as well: metricrig reads a series that stands there twice with
    the same value as one.
    """

    @property
    def requests(self) -> Expression:
        """Requests of all workers that there ever were: the series of dead ones stay."""
        return metric(REQUESTS).sum()

    @property
    def durations(self) -> Expression:
        """Requests whose duration is known. It is the last that a request writes, after its answer has been sent."""
        return metric(DURATIONS).sum()

    def restarts(self, reason: str) -> Expression:
        """What the master has counted for a signal: "hup", "ttin", "chld"..."""
        return metric(RESTARTS, reason=reason).sum()

    @property
    def files(self) -> set[str]:
        """The names of the files that the numbers are kept in."""
        return {each.name for each in self._folder.glob("*.db")}

    def kept(self, name: str, **labels: str) -> float:
        """What the files say, whether or not anybody runs who could be asked: the sum of such samples."""
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - 0.1 s, and few ask

        merge: Callable[[Iterable[str]], Iterable[Metric]] = MultiProcessCollector.merge
        samples = [each for family in merge(map(str, self._folder.glob("*.db"))) for each in family.samples]
        return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())

    def raw(self, accept: str = "text/plain") -> str:
        """The page as it is sent, in the format that is asked for."""
        ((_, text),) = visit(self, 1, "/metrics", port="metrics", headers={"Accept": accept})
        return text

    @property
    def _folder(self) -> Path:
        return self.dir / MULTIPROC


class Exporter(Gunicorn):
    """A Gunicorn with the exporter: its application at ``url``, its page at the port "metrics".

    All that the exporter is told is in the environment before Python starts; with ``yaml``, it is in a YAML file, as a
    function of the usual document returns it (``as_it_is`` changes nothing).
    It is ready when its workers are at work and its page is there. Nobody has sent it a request by then.

    A worker that replaces a dead one may be forked while the master's thread counts that death: it then has a lock that
    nobody opens, and hangs at its first request (1 of 40). So no test asks such a worker anything, and after
    ``graceful_timeout`` it is killed.
    """

    instance_type: ClassVar[type[ExporterInstance]] = ExporterInstance

    def __init__(
        self,
        name: str = "exporter",
        *,
        app: str = "exporter_apps.plain:app",
        kind: str = "sync",
        workers: int = 2,
        timeout: int = 30,
        storage: Storage | None = None,
        yaml: Edit | None = None,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, Any] | None = None,
        graceful_timeout: int = 2,
        **options: Any,
    ) -> None:
        kept: Storage = storage or Files()
        in_redis = isinstance(kept, InRedis)

        def environment(at: Placement) -> Mapping[str, str]:
            told = _told(at, workers, kept) if yaml is None else _told_beside_yaml(at, kept)
            return {**told, **{key: at.render(value) for key, value in (env or {}).items()}}

        def config(at: Placement) -> str:
            told = configuration.from_yaml(at) if yaml else ""
            return configuration.without_green_threads(kind) + told + configuration.hooks(in_redis=in_redis)

        def document(at: Placement) -> str:
            usual = configuration.document(at, kept, workers=workers, timeout=timeout)
            return configuration.as_text(yaml(usual) if yaml else usual)

        options.setdefault("ready", ready.all_of(at_work(workers), ready.http("/metrics", port="metrics")))
        super().__init__(
            app,
            name,
            workers=workers,
            worker_class=f"gunicorn_prometheus_exporter.{WORKERS[kind]}",
            timeout=timeout,
            graceful_timeout=graceful_timeout,
            config=config,
            ports={"metrics": 9091},
            metrics="http://{host}:{port[metrics]}/metrics",
            env=environment,
            files={**({configuration.YAML: document} if yaml else {}), **(files or {})},
            **options,
        )


def _told(at: Placement, workers: int, storage: Storage) -> Mapping[str, str]:
    return {
        "PROMETHEUS_METRICS_PORT": str(at.port["metrics"]),
        "PROMETHEUS_BIND_ADDRESS": at.host,
        "GUNICORN_WORKERS": str(workers),
        **storage.environment(at),
    }


def _told_beside_yaml(at: Placement, storage: Storage) -> Mapping[str, str]:
    """Of the directory of files the client library has to know before the YAML file is read.

    While it does not know of any, which is until it has read that there is a Redis, the exporter makes one at home.
    """
    return storage.environment(at) if isinstance(storage, Files) else {"HOME": str(at.dir)}
