"""On what it was measured: numbers without their machine mean nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from metricrig.services.known_tools import all_tools
from metricrig.tools import obtain

_PACKAGES = ("metricrig", "mirakuru", "pytest-postgresql", "pytest-redis", "prometheus-client", "protobuf", "numpy")


def machine() -> dict[str, str]:
    """Date, machine and versions, each in one line."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores of {_field('/proc/cpuinfo', 'model name')}, {_memory()} of memory",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load before": load(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        "servers": ", ".join(_servers()),
    }


def load() -> str:
    """How busy the machine is, with whatever: averages of 1, 5 and 15 minutes."""
    return ", ".join(f"{each:.2f}" for each in os.getloadavg())


def _servers() -> list[str]:
    found = [obtain(tool) for tool in all_tools()]
    return [f"{each.tool} {each.version} ({each.source})" for each in found]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _memory() -> str:
    return f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / (1 << 20):.0f} GiB"


def _field(path: str, name: str) -> str:
    """The value of a ``name : value`` line."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "? ?")
