"""Certificates for an engine and for who may use it, made by openssl: an authority of the tests' own."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from metricrig import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PORT = 2376


def make(directory: Path, addresses: Sequence[str]) -> Path:
    """``ca.pem``, the server's pair, and the client's, under the names that Docker's own tools look for."""
    if shutil.which("openssl") is None:
        raise Unavailable(
            "certificates", reason="openssl is not installed", remedy="apt-get install openssl", excuse=True
        )
    directory.mkdir(parents=True, exist_ok=True)
    _openssl(directory, "req", "-x509", *_new("ca", "tests"), "-days", "2", "-out", "ca.pem")
    names = ",".join(f"IP:{each}" for each in addresses)
    for name, usage in (("server", "serverAuth"), ("", "clientAuth")):
        stem = f"{name}-" if name else ""
        (directory / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        _openssl(directory, "req", *_new(stem.rstrip("-") or "client", usage), "-out", "request")
        authority = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2"]
        _openssl(
            directory, "x509", "-req", "-in", "request", *authority, "-extfile", "extensions", "-out", f"{stem}cert.pem"
        )
    (directory / "client-key.pem").rename(directory / "key.pem")
    return directory


def of_server(directory: Path) -> list[str]:
    """What dockerd is told."""
    files = {"cacert": "ca.pem", "cert": "server-cert.pem", "key": "server-key.pem"}
    return ["--tlsverify", *(f"--tls{name}={directory / file}" for name, file in files.items())]


def _new(name: str, subject: str) -> list[str]:
    return ["-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={subject}", "-keyout", f"{name}-key.pem"]


def _openssl(directory: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)
