"""Certificate expired: clients refuse it, whether the server reloads it or is restarted; then they do not."""

from __future__ import annotations

import signal
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.programs import python

from metricrig import Instance, Rig, Unavailable, UsageError, ready
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import tls_handshake
from metricrig.faults.machine.certificate_expired import CertificateExpired

EVERY_RUNTIME = True

SERVER = """
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem")
signal.signal(signal.SIGHUP, lambda *_: context.load_cert_chain("server.pem"))
server = http.server.ThreadingHTTPServer((HOST, int(sys.argv[1])), Quiet)
server.handle_error = lambda *_: None
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""
EXPIRED = "certificate has expired"


@pytest.fixture
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority(ca: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    path.write_bytes(ca.cert_pem.bytes() + ca.private_key_pem.bytes())
    return path


def secure(ca: trustme.CA, **fields: Any) -> Any:
    pair = ca.issue_cert("127.0.0.1")
    fields = {"ready": ready.https("/"), "trust": "{dir}/ca.pem", **fields}
    return python(
        "secure",
        SERVER,
        "{port}",
        ports={"https": 443},
        cwd="{dir}",
        files={"server.pem": pair.private_key_and_cert_chain_pem.bytes(), "ca.pem": ca.cert_pem.bytes()},
        **fields,
    )


def asked(instance: Instance, authority: Path) -> str:
    return tls_handshake.handshake(instance.host, instance.port, authority.read_bytes())


def test_a_server_that_reloads_is_not_restarted(rig: Rig, ca: trustme.CA, authority: Path) -> None:
    server = rig.add(secure(ca))
    rig.start()
    pid, before = server.pid, (server.dir / "server.pem").read_bytes()
    with server.certificate_expired(file="server.pem", authority=authority, reload=signal.SIGHUP) as fault:
        assert asked(server, authority) == EXPIRED
        assert EXPIRED in fault.evidence
        assert (server.dir / "server.pem").stat().st_mode & 0o777 == 0o600
    assert asked(server, authority) == tls_handshake.SUCCEEDED
    assert (server.dir / "server.pem").read_bytes() == before
    assert server.pid == pid
    assert "handshakes in a row succeed; it is ready" in fault.healing_evidence


def test_one_that_does_not_is_restarted(rig: Rig, ca: trustme.CA, authority: Path) -> None:
    server = rig.add(secure(ca))
    rig.start()
    with server.certificate_expired(file="server.pem", authority=authority):
        assert asked(server, authority) == EXPIRED
        assert server.state == "ready"
    assert asked(server, authority) == tls_handshake.SUCCEEDED
    assert server.service.ready is not None


def test_a_function_may_reload_it(rig: Rig, ca: trustme.CA, authority: Path) -> None:
    server = rig.add(secure(ca))
    rig.start()
    with server.certificate_expired(
        file="server.pem", authority=authority, reload=lambda: server.signal(signal.SIGHUP)
    ):
        assert asked(server, authority) == EXPIRED


def test_what_is_started_meanwhile_shows_it_too(rig: Rig, ca: trustme.CA, authority: Path) -> None:
    server = rig.add(secure(ca, ready=ready.tcp()))
    rig.start()
    with server.certificate_expired(file="server.pem", authority=authority, reload=signal.SIGHUP):
        server.restart()
        assert asked(server, authority) == EXPIRED
    server.restart()
    assert asked(server, authority) == tls_handshake.SUCCEEDED


def test_one_that_died_of_it_is_started_with_the_good_one(rig: Rig, ca: trustme.CA, authority: Path) -> None:
    server = rig.add(secure(ca))
    rig.start()
    with server.certificate_expired(file="server.pem", authority=authority, reload=signal.SIGHUP) as fault:
        server.kill()
    assert "nothing is left to heal" in fault.healing_evidence
    server.start()
    assert asked(server, authority) == tls_handshake.SUCCEEDED


def test_one_that_does_not_load_it_shows_no_fault(
    rig: Rig, ca: trustme.CA, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = rig.add(secure(ca))
    rig.start()
    monkeypatch.setattr(tls_handshake, "_SAY_WITHIN", 0.3)
    with pytest.raises(FaultWithoutEffect, match=r"(?s)certificate has expired.*it succeeded.*reload="):
        server.certificate_expired(file="server.pem", authority=authority, reload=lambda: None).start()
    assert asked(server, authority) == tls_handshake.SUCCEEDED


def test_one_that_keeps_it_has_not_healed(
    rig: Rig, ca: trustme.CA, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = rig.add(secure(ca))
    rig.start()
    fault = server.certificate_expired(file="server.pem", authority=authority, reload=signal.SIGHUP).start()
    with monkeypatch.context() as broken:
        broken.setattr(tls_handshake, "_SAY_WITHIN", 0.3)
        broken.setattr(CertificateExpired, "_load", lambda *_: None)
        with pytest.raises(FaultNotHealed, match="a handshake to succeed"):
            fault.heal()
    fault.heal()
    assert asked(server, authority) == tls_handshake.SUCCEEDED


def test_it_needs_to_know_the_file_and_the_authority(rig: Rig, ca: trustme.CA, authority: Path, tmp_path: Path) -> None:
    server = rig.add(secure(ca))
    rig.start()
    with pytest.raises(UsageError, match=r"what works: secure\.certificate_expired\(file="):
        server.certificate_expired()
    with pytest.raises(UsageError, match="cannot be read"):
        server.certificate_expired(file="other.pem", authority=authority).start()
    alone = tmp_path / "alone.pem"
    alone.write_bytes(ca.cert_pem.bytes())
    with pytest.raises(UsageError, match="has no private key"):
        server.certificate_expired(file="server.pem", authority=alone).start()
    with pytest.raises(UsageError, match="its ports are: 'https'"):
        server.certificate_expired(file="server.pem", authority=authority, port="tls").start()
    assert asked(server, authority) == tls_handshake.SUCCEEDED


def test_another_authority_cannot_sign_it(rig: Rig, ca: trustme.CA, tmp_path: Path) -> None:
    server = rig.add(secure(ca))
    rig.start()
    other, path = trustme.CA(), tmp_path / "other.pem"
    path.write_bytes(other.cert_pem.bytes() + other.private_key_pem.bytes())
    with pytest.raises(UsageError, match=r"server\.pem is (issued by|not signed)"):
        server.certificate_expired(file="server.pem", authority=path).start()


def test_a_port_without_tls_is_refused(rig: Rig, ca: trustme.CA, authority: Path) -> None:
    plain = rig.add(
        python(
            "plain",
            "serve(sys.argv[1])",
            "{port}",
            ports={"http": 80},
            files={"server.pem": ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()},
        )
    )
    rig.start()
    with pytest.raises(Unavailable, match="fails without this fault too"):
        plain.certificate_expired(file="server.pem", authority=authority).start()


def test_a_client_of_python_says_the_same(rig: Rig, ca: trustme.CA, authority: Path) -> None:
    server = rig.add(secure(ca))
    rig.start()
    context = ssl.create_default_context(cafile=server.dir / "ca.pem")
    url = f"https://127.0.0.1:{server.port}/"
    expired = server.certificate_expired(file="server.pem", authority=authority, reload=signal.SIGHUP)
    with expired, pytest.raises(urllib.error.URLError, match=EXPIRED):
        urllib.request.urlopen(url, context=context, timeout=30)
    with urllib.request.urlopen(url, context=context, timeout=30) as answer:
        assert answer.status == 200
