"""The page by TLS, as ``exporter.prometheus.ssl`` says."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from exporter_suite import Exporter, visit
from exporter_suite.documents import put

from metricrig import ready
from metricrig.errors import ScrapeFailed
from metricrig.metrics import Endpoint, Metrics
from metricrig.services import at_work

if TYPE_CHECKING:
    from pathlib import Path

    from exporter_suite import ExporterInstance
    from exporter_suite.configuration import Document

    from metricrig import Rig


@dataclass(frozen=True)
class Certificates:
    """Of a server, and of the authority that vouches for it."""

    server: Path
    key: Path
    authority: Path


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """For 127.0.0.1, by an authority that nobody knows."""
    paths = Certificates(*(tmp_path / f"{name}.pem" for name in ("server", "key", "authority")))
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(paths.server)
    certificate.private_key_pem.write_to_path(paths.key)
    authority.cert_pem.write_to_path(paths.authority)
    return paths


def start(rig: Rig, certificates: Certificates, **more: Any) -> ExporterInstance:
    """An exporter whose page is served by TLS."""

    def by_tls(document: Document) -> Document:
        files = {"certfile": str(certificates.server), "keyfile": str(certificates.key)}
        return put(document, "prometheus.ssl", {"enabled": True, **files, **more})

    exporter = rig.add(Exporter(workers=1, yaml=by_tls, ready=ready.all_of(at_work(1), ready.tcp("metrics"))))
    rig.start()
    return exporter


def page(exporter: ExporterInstance, certificates: Certificates) -> Endpoint:
    """Its page, for who trusts the authority."""
    url = f"https://{exporter.host}:{exporter.ports['metrics']}/metrics"
    return Endpoint(url, trust=certificates.authority, timeout=1)


def test_the_page_is_there_by_tls_alone(rig: Rig, certificates: Certificates) -> None:
    exporter = start(rig, certificates)
    visit(exporter, 3)
    endpoint = page(exporter, certificates)
    Metrics(endpoint).wait(exporter.requests == 3, within=5)
    with pytest.raises(ScrapeFailed, match="certificate is not trusted"):
        Endpoint(endpoint.url).page()
    with pytest.raises(ScrapeFailed):
        Endpoint(endpoint.url.replace("https:", "http:")).page()
    endpoint.close()


@pytest.mark.thorough
@pytest.mark.xfail(
    raises=pytest.fail.Exception,
    reason="client_auth_required is read, and told to nobody: who has no certificate gets the page all the same.",
)
def test_a_client_needs_a_certificate(rig: Rig, certificates: Certificates) -> None:
    exporter = start(rig, certificates, client_auth_required=True, client_cafile=str(certificates.authority))
    with pytest.raises(ScrapeFailed):
        page(exporter, certificates).page()


@pytest.mark.thorough
@pytest.mark.xfail(
    raises=ScrapeFailed,
    reason="One thread waits for each client's first word: one that connects and is silent keeps all others out.",
)
def test_a_silent_client_keeps_nobody_out(rig: Rig, certificates: Certificates) -> None:
    exporter = start(rig, certificates)
    with socket.create_connection((exporter.host, exporter.ports["metrics"])):
        page(exporter, certificates).page()
