"""A Gunicorn whose exporter rejects its YAML file: it ends with 1, and its log says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from exporter_suite import Exporter
from exporter_suite.documents import put

from metricrig import ServiceDied, StartFailed

if TYPE_CHECKING:
    from exporter_suite.configuration import Document

    from metricrig import Rig

THOROUGH = (pytest.mark.thorough,)
REJECTED: dict[str, tuple[str, Any, str]] = {
    "port 80": ("prometheus.metrics_port", 80, "Port 80 is not in valid range (1024-65535)"),
    "workers 0": ("gunicorn.workers", 0, "Worker count 0 must be at least 1"),
    "no key": (
        "prometheus.ssl",
        {"enabled": True, "certfile": "certificate.pem"},
        "SSL key file required when certificate is provided",
    ),
}
UNREAD: dict[str, tuple[str, str]] = {
    "no section": ("exporter: {prometheus: {}}", "ValueError: Missing required section: exporter.gunicorn"),
    "no YAML": ("exporter: {", "yaml.error.YAMLError: Invalid YAML in configuration file: while parsing a flow node"),
}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [pytest.param(*case, id=name, marks=() if name == "port 80" else THOROUGH) for name, case in REJECTED.items()],
)
def test_a_value_ends_the_server(rig: Rig, path: str, value: Any, message: str) -> None:
    def wrong(document: Document) -> Document:
        return put(document, path, value)

    rig.add(Exporter(workers=1, yaml=wrong))
    assert f"Configuration validation failed: {message}" in said_by_the_dead(rig)


@pytest.mark.thorough
@pytest.mark.parametrize(("text", "message"), UNREAD.values(), ids=UNREAD.keys())
def test_a_file_ends_the_server(rig: Rig, text: str, message: str) -> None:
    rig.add(Exporter(workers=1, yaml=lambda _: text))
    assert message in said_by_the_dead(rig)


def said_by_the_dead(rig: Rig) -> str:
    """The log of an exporter that does not start."""
    with pytest.raises(StartFailed) as failed:
        rig.start()
    death = failed.value.failures["exporter"]
    assert isinstance(death, ServiceDied)
    assert death.how == "exited with 1"
    return rig["exporter"].logs.text()
