"""The plugin's options: from the command line, the environment and the ini file; the first of these counts."""

from __future__ import annotations

import os
from typing import Any

import pytest

from metricrig.services import CATALOGUE

FACTOR = "METRICRIG_TIMEOUT_FACTOR"
FRESH, FAIL = "fresh", "fail"
NEVER, FAILED, ALWAYS = "never", "failed", "always"


class PluginOptions:
    """How this run treats its servers: all that was set, checked."""

    def __init__(self, config: pytest.Config) -> None:
        strict = config.getoption("rig_strict")
        self.runtime = _chosen(config, "rig_runtime", "METRICRIG_RUNTIME") or None
        self.keep = _one_of("rig_keep", _chosen(config, "rig_keep"), (NEVER, FAILED, ALWAYS))
        """When files stay: "never", "failed" or "always"."""
        self.hold: bool = config.getoption("rig_hold")
        self.reuse = bool(config.getoption("rig_reuse") or config.getini("rig_reuse"))
        self.idle = float(_positive("rig_idle", config.getini("rig_idle")))
        """How many seconds reused servers wait for the next run."""
        self.strict: bool = _strict_by_default(config) if strict is None else strict
        self.quick: bool = config.getoption("rig_quick")
        self.on_death = _one_of("rig_on_death", _chosen(config, "rig_on_death"), (FRESH, FAIL))
        """What the next test gets after a death: "fresh", or "fail"."""
        self.servers = _servers(config)
        """URLs of servers that somebody else runs, by the fixture that each is: ``redis_server``."""
        self.benchmark_save: bool = config.getoption("rig_benchmark_save")
        self.benchmark_json: str | None = config.getoption("rig_benchmark_json")
        """Where the times of all benchmarks go."""
        self.chaos_seed = _seed(config.getoption("rig_chaos_seed") or os.environ.get("METRICRIG_CHAOS_SEED", ""))
        """From which the seed of each test follows; None for one that is drawn."""


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; the name of each starts with ``rig``."""
    group = parser.getgroup("metricrig", "real servers (metricrig)")
    add = group.addoption
    add(
        "--rig-runtime", metavar="NAME", help="where servers run: process, docker (ini: rig_runtime, METRICRIG_RUNTIME)"
    )
    add(
        "--rig-keep",
        nargs="?",
        const=ALWAYS,
        choices=(NEVER, FAILED, ALWAYS),
        help="keep data and logs, always or after a failure; the summary says where (ini: rig_keep)",
    )
    add(
        "--rig-hold",
        action="store_true",
        help="after a failed test, show its servers' addresses and wait for Enter before they are stopped",
    )
    add(
        "--rig-reuse",
        action="store_true",
        default=None,
        help="leave the session's servers running for the next run, for rig_idle seconds (ini: rig_reuse)",
    )
    add(
        "--rig-strict",
        action="store_true",
        default=None,
        help="fail where the machine lacks something, instead of skipping (ini: rig_strict; the default if CI is set)",
    )
    add("--no-rig-strict", action="store_false", dest="rig_strict", help="skip, also if CI is set")
    add("--rig-quick", action="store_true", help="leave out tests marked thorough; rig_quick is true")
    add(
        "--rig-timeout-factor",
        metavar="X",
        help="multiply all of metricrig's deadlines, for slow machines (ini: rig_timeout_factor)",
    )
    add(
        "--rig-on-death",
        choices=(FRESH, FAIL),
        help="what tests get whose server died in an earlier one: a fresh one, or a failure (ini: rig_on_death)",
    )
    add(
        "--rig-server",
        metavar="NAME=URL",
        action="append",
        default=[],
        help="use a server that somebody else runs, as postgresql=postgresql://...; nothing is started or stopped"
        " (ini: rig_server, METRICRIG_POSTGRESQL_URL)",
    )
    add(
        "--rig-chaos-seed",
        metavar="N",
        help="have the storms of an earlier run again: its seed is in the report of a failure (METRICRIG_CHAOS_SEED)",
    )
    add(
        "--rig-benchmark-save",
        action="store_true",
        help="write the baselines of rig_benchmark anew, instead of comparing with them",
    )
    add(
        "--rig-benchmark-json",
        metavar="PATH",
        help="write the times of every rig_benchmark there, in the format of pytest-benchmark",
    )
    parser.addini("rig_server", "servers that somebody else runs, a line each: NAME=URL", type="linelist", default=[])
    for name, kind, default, about in (
        ("rig_runtime", "string", "", "where servers run"),
        ("rig_keep", "string", NEVER, "when to keep data and logs: never, failed, always"),
        ("rig_reuse", "bool", False, "leave the session's servers running for the next run"),
        ("rig_idle", "string", "900", "how many seconds reused servers wait for the next run"),
        ("rig_strict", "string", "", "fail where the machine lacks something (default: true if CI is set)"),
        ("rig_timeout_factor", "string", "", "multiply all of metricrig's deadlines"),
        ("rig_on_death", "string", FRESH, "after a death the next test gets: fresh, or fail"),
    ):
        if kind == "bool":
            parser.addini(name, about, type="bool", default=default)
        else:  # the default; that it may be called "string" is news in some versions
            parser.addini(name, about, default=default)


def settings_of(config: pytest.Config) -> PluginOptions:
    """All of them. A factor is put into the environment, where every process finds it."""
    if factor := _chosen(config, "rig_timeout_factor", FACTOR):
        os.environ[FACTOR] = _positive("rig_timeout_factor", factor)
    if config.getoption("rig_hold") and _is_parallel(config):
        raise pytest.UsageError("--rig-hold waits for a person, so it cannot be used with -n; leave one of them out")
    return PluginOptions(config)


def _servers(config: pytest.Config) -> dict[str, str]:
    """What was said last counts: the command line, before it the environment, before that the ini file."""
    names = [entry.module for entry in CATALOGUE if entry.fixture]
    found = [(each, os.environ.get(f"METRICRIG_{each.upper()}_URL", "")) for each in names]
    pairs = [*map(_pair, config.getini("rig_server")), *found, *map(_pair, config.getoption("rig_server"))]
    if unknown := [name for name, _ in pairs if name not in names]:
        raise pytest.UsageError(f"rig_server: no fixture is called {unknown[0]!r}; there is: {', '.join(names)}")
    return {f"{name}_server": url for name, url in pairs if url}


def _pair(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    if "://" not in url or "://" in name:
        raise pytest.UsageError("rig_server is NAME=URL, such as redis=redis://127.0.0.1:6379; one of yours is not")
    return name.strip(), url.strip()


def _strict_by_default(config: pytest.Config) -> bool:
    return _truth("rig_strict", config.getini("rig_strict") or os.environ.get("CI", ""))


def _chosen(config: pytest.Config, name: str, variable: str = "") -> str:
    value: Any = config.getoption(name) or os.environ.get(variable, "") or config.getini(name)
    return str(value)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise pytest.UsageError(f"{name} is one of {', '.join(known)}, not {value!r}")
    return value


def _positive(name: str, value: str) -> str:
    try:
        good = 0 < float(value) < float("inf")
    except ValueError:
        good = False
    if not good:
        raise pytest.UsageError(f"{name} is a number above 0, not {value!r}")
    return value


def _seed(value: str) -> int | None:
    if value and not (value.isascii() and value.isdecimal()):
        raise pytest.UsageError(f"rig_chaos_seed is a whole number from 0 on, not {value!r}")
    return int(value) if value else None


def _truth(name: str, value: str) -> bool:
    if value.lower() not in {"", "0", "false", "no", "off", "1", "true", "yes", "on"}:
        raise pytest.UsageError(f"{name} is true or false, not {value!r}")
    return value.lower() in {"1", "true", "yes", "on"}


def _is_parallel(config: pytest.Config) -> bool:
    return bool(config.getoption("numprocesses", None)) or hasattr(config, "workerinput")
