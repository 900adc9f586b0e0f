"""Vegeta: a driver of HTTP in Go, which keeps a constant rate and says of each request when it was made.

MIT. Of those that can be had as a tool it is the one whose output tells of each request when it was made and which
number it has, so that when it was due can be computed: wrk has no schedule, oha tells no numbers, k6 is AGPL.
"""

from __future__ import annotations

from metricrig.tools import GoModule, Release, Tool

_RELEASES = "https://github.com/tsenart/vegeta/releases/download/v{version}"
VEGETA = Tool(
    name="vegeta",
    executables=("vegeta",),
    supported=">=12.8",  # the first whose csv has the numbers of requests, which its schedule is computed from
    preferred="12.12.0",
    version_args=("-version",),
    version_pattern=r"Version: v?(\d+(?:\.\d+)+)",
    release=Release(
        archive=f"{_RELEASES}/vegeta_{{version}}_{{os}}_{{arch}}.tar.gz",
        checksums=f"{_RELEASES}/vegeta_{{version}}_checksums.txt",
    ),
    golang=GoModule(
        module="github.com/tsenart/vegeta/v12", package="github.com/tsenart/vegeta/v12", stamp="main.Version={version}"
    ),
)
