"""Podman's service on a socket of the tests' own, with storage and networks of its own; gone with the test run."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from metricrig import Unavailable
from support import engine
from support.images import build_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from container_engine import Place

# What a machine under systemd has by itself. Its default limits are the kernel's, which only a root with all of its
# powers may ask for; crun refuses the older arrangement of control groups.
_CONFIG = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[network]
network_backend = "netavark"
network_config_dir = "{directory}/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def lacking() -> str:
    """Why it cannot be started here; empty if it can."""
    if os.geteuid() != 0:
        return "its service is started as root"
    missing = [word for word in ("podman", "runc", "catatonit") if shutil.which(word) is None]
    return f"{', '.join(missing)}: not installed" if missing else ""


@contextlib.contextmanager
def running(directory: Path, images: Sequence[str]) -> Iterator[str]:
    """Its address."""
    if why := lacking():
        raise Unavailable(
            "Podman",
            reason=why,
            remedy="as root: apt-get install podman runc netavark aardvark-dns catatonit",
            excuse=True,
        )
    with engine.using(directory, _command) as place:
        build_missing(place.url, images)
        yield place.url


def _command(place: Place) -> list[str]:
    config = place.path / "containers.conf"
    config.write_text(_CONFIG.format(directory=place.path))
    words = ["podman", "--root", str(place.path / "root"), "--runroot", str(place.path / "run")]
    return ["env", f"CONTAINERS_CONF={config}", *words, "system", "service", "--time", "0", place.url]
