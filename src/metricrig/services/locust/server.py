"""The description of a Locust: its command, its files, and when it is ready."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from metricrig._core.arguments import count, wrong
from metricrig._core.errors import CommandFailed, Unavailable
from metricrig.service import Service
from metricrig.services.locust.instance import LocustInstance, workers_connected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.service import Workbench
    from metricrig.services.common_options import Options

_LISTENER = "metricrig_listener.py"
_QUICK = "import importlib.util, sys; sys.exit(importlib.util.find_spec('locust') is None)"


class Locust(Service):
    """A distributed Locust: ``Locust("locustfile.py", workers=4, host=shop.url)``, a master and so many workers.

    ``python`` is the interpreter that has Locust and what the locustfile imports. Have it in an environment of its own:
    its plugin for pytest, and what it does to sockets, do not belong into the test's process.
    """

    instance_type: ClassVar[type[LocustInstance]] = LocustInstance

    def __init__(
        self,
        locustfile: str | Path,
        name: str = "locust",
        *,
        workers: int = 1,
        host: str = "",
        python: str | Path = sys.executable,
        args: Sequence[str] = (),
        **options: Unpack[Options],
    ) -> None:
        path = Path(locustfile).absolute()
        if not path.is_file():
            raise wrong("Locust", "locustfile", str(locustfile), "the path of a file with users of Locust")
        if count("Locust", "workers", workers) == 0:
            raise wrong("Locust", "workers", workers, "at least one: workers=4")
        options.setdefault("ready", workers_connected(workers))
        listener = Path(__file__).with_name("listener.py").read_bytes()
        super().__init__(
            name=name,
            command=[
                *(str(python), "-m", "locust", "--locustfile", f"{{dir}}/{_LISTENER},{_literally(path)}"),
                *("--processes", str(workers), "--web-host", "{host}", "--web-port", "{port[http]}"),
                *("--master-bind-host", "{host}", "--master-bind-port", "{port[master]}"),
                *("--master-host", "{host}", "--master-port", "{port[master]}"),
                *(("--host", host) if host else ()),
                *args,
            ],
            ports={"http": 8089, "master": 5557},
            url="http://{host}:{port[http]}",
            cwd="{dir}",
            prepare=_require_locust(str(python)),
            **_with_listener(options, listener),
        )


def _with_listener(options: Options, listener: bytes) -> Any:
    return {**options, "files": {_LISTENER: listener, **options.get("files", {})}}


def _literally(path: Path) -> str:
    """A path in which braces are no placeholders."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _require_locust(python: str) -> Callable[[Workbench], None]:
    """It belongs to an environment of its own, and is not installed by us."""

    def look(bench: Workbench) -> None:
        try:
            bench.run([python, "-c", _QUICK])
        except CommandFailed as failed:
            raise Unavailable(
                f"Locust for {bench.at.name}",
                reason=f"{python} has no package locust",
                remedy="python3 -m venv .locust && .locust/bin/pip install locust, and then"
                ' Locust(..., python=".locust/bin/python")',
            ) from failed

    return look
