"""Podman's service on a socket of the tests' own, with storage and networks of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig import Unavailable
from support.images import build_missing
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
def running(images: Sequence[str]) -> Iterator[str]:
    """Its address. It wants short paths."""
    if why := lacking():
        raise Unavailable(
            "Podman", reason=why, remedy="as root: apt-get install podman runc netavark aardvark-dns catatonit"
        )
    directory = Path(tempfile.mkdtemp(prefix="mrig-podman-"))
    config = directory / "containers.conf"
    config.write_text(_CONFIG.format(directory=directory))
    socket = directory / "podman.sock"
    words = ["podman", "--root", str(directory / "root"), "--runroot", str(directory / "run")]
    words += ["system", "service", "--time", "0", f"unix://{socket}"]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, "CONTAINERS_CONF": str(config)})
    try:
        eventually(lambda: socket.exists() or process.poll() is not None)
        assert process.poll() is None, (directory / "log").read_text()
        build_missing(f"unix://{socket}", images)
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait()
        subprocess.run(["umount", str(directory / "root" / "overlay")], capture_output=True, check=False)
        shutil.rmtree(directory, ignore_errors=True)
