"""The files that the exporter is configured with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exporter_suite.storage import Storage
    from metricrig import Placement

Document = dict[str, Any]
Edit = Callable[[Document], Document | str]
"""What a test makes of a good YAML document: another one, or any text."""

YAML = "exporter.yml"
_FROM_YAML = """
from gunicorn_prometheus_exporter import load_yaml_config

load_yaml_config({path!r})
"""
# Where both are installed the exporter imports both, whatever it is used with: half of its start.
_HIDDEN = """
import sys

sys.modules.update(dict.fromkeys({names!r}))
"""
_HOOKS = """
from gunicorn_prometheus_exporter import hooks

on_starting = hooks.default_on_starting
when_ready = hooks.{when_ready}
post_fork = hooks.default_post_fork
worker_int = hooks.default_worker_int
on_exit = hooks.default_on_exit
"""


def hooks(*, in_redis: bool) -> str:
    """Gunicorn's configuration file, where the environment says all the rest."""
    return _HOOKS.format(when_ready="redis_when_ready" if in_redis else "default_when_ready")


def from_yaml(at: Placement) -> str:
    """The part before the hooks, where a YAML file says the rest: it has to be read before they are imported."""
    return _FROM_YAML.format(path=f"{at.dir}/{YAML}")


def without_green_threads(kind: str) -> str:
    """The part before all: as if the packages of other kinds of workers were not installed, as for most users."""
    return _HIDDEN.format(names=[each for each in ("eventlet", "gevent") if each != kind])


def document(at: Placement, storage: Storage, *, workers: int, timeout: int) -> Document:
    """What the YAML file says unless a test changes it."""
    exporter: Document = {
        "prometheus": {"metrics_port": at.port["metrics"], "bind_address": at.host},
        "gunicorn": {"workers": workers, "timeout": timeout, "keepalive": 2},
    }
    for name, section in storage.sections(at).items():
        exporter[name] = {**exporter.get(name, {}), **section}
    return {"exporter": exporter}


def as_text(content: Document | str) -> str:
    """A document as YAML: JSON is."""
    return content if isinstance(content, str) else json.dumps(content, indent=2)


def as_it_is(content: Document) -> Document:
    """The document that changes nothing."""
    return content
