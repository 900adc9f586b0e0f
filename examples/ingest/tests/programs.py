"""The application as its users run it: the command as a subprocess, the HTTP API as a service of a rig."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ingest

from metricrig import Image, Service, ready

if TYPE_CHECKING:
    from metricrig import Instance

COMMAND = str(Path(sys.executable).with_name("ingest"))
SUCCESS = "Metric ingested successfully\n"

_DEPENDENCIES = ("urllib3", "google", "cramjam", "prometheus_client")
_NOT_NEEDED = {"config", "test", "site-packages", "idlelib", "ensurepip", "lib2to3", "tkinter"}


def words_for(url: str, name: str, value: float = 100, *more: str) -> list[str]:
    """The command for a sample."""
    return [COMMAND, "--metrics-url", url, "--metric-name", name, "--value", f"{value:g}", *more]


def run_ingest(url: str, name: str, value: float = 100, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(words_for(url, name, value, *more), capture_output=True, text=True, timeout=60, check=False)


def api_service(store: Instance) -> Service:
    """The HTTP API, writing into this store."""
    return Service(
        name="ingest-api",
        command=["ingest-api", "--listen", "{host}:{port}", "--metrics-url", store.inside.url, "--within", "20"],
        ports={"http": 8080},
        ready=ready.http("/healthz"),
        metrics="/metrics",
        needs=[store],
        image=api_image(),
    )


def post(api: Instance, sample: Any, path: str = "/ingest") -> tuple[int, dict[str, str]]:
    """What the API answers to a sample."""
    body = sample if isinstance(sample, bytes) else json.dumps(sample).encode()
    try:
        with urllib.request.urlopen(f"{api.url}{path}", body) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@functools.cache
def api_image() -> Image:
    """This Python with the application and what it depends on, where they are here; only a container needs it.

    With a registry at hand this would be ``Image("ingest-api", build=Path("."))``, and a Dockerfile.
    """
    environment, packages = Path(sys.prefix), Path(sysconfig.get_path("purelib"))
    library = Path(sysconfig.get_path("stdlib"))
    files = {str(path): path for path in library.iterdir() if path.name.partition("-")[0] not in _NOT_NEEDED}
    files |= {str(path): path for path in (environment / "bin").glob("python*")}
    files[str(environment / "pyvenv.cfg")] = environment / "pyvenv.cfg"
    files |= {str(packages / name): packages / name for name in _DEPENDENCIES}
    files[str(packages / "ingest")] = Path(ingest.__file__).parent
    files |= {f"/usr/local/bin/{name}": environment / "bin" / name for name in ("ingest", "ingest-api")}
    return Image("ingest-tests/api:latest", files=files)
