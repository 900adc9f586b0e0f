"""An expired twin: the same in all but its time, for keys of each kind; and what cannot be made says why."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509

from metricrig import Unavailable, UsageError
from metricrig.faults.machine.expired_twin import Authority, expired_twin


def authority_of(ca: trustme.CA) -> Authority:
    return Authority.of("ca.pem", ca.private_key_pem.bytes() + ca.cert_pem.bytes())


@pytest.mark.parametrize("kind", trustme.KeyType)
def test_it_is_the_same_but_for_its_time(kind: trustme.KeyType) -> None:
    ca = trustme.CA(key_type=kind)
    pair = ca.issue_cert("127.0.0.1", "shop.test", key_type=kind)
    pem = pair.private_key_and_cert_chain_pem.bytes()
    twin = expired_twin("server.pem", pem, authority_of(ca))
    old, new = x509.load_pem_x509_certificate(pem), x509.load_pem_x509_certificate(twin)
    assert (new.subject, new.issuer, new.public_key()) == (old.subject, old.issuer, old.public_key())
    assert list(new.extensions) == list(old.extensions)
    assert new.not_valid_after_utc < datetime.now(UTC) < old.not_valid_after_utc
    new.verify_directly_issued_by(x509.load_pem_x509_certificate(ca.cert_pem.bytes()))
    assert twin.split(b"-----BEGIN CERTIFICATE")[0] == pem.split(b"-----BEGIN CERTIFICATE")[0]  # the key


def test_of_a_chain_the_servers_alone_expires() -> None:
    ca = trustme.CA()
    middle = ca.create_child_ca()
    pem = middle.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
    twin = expired_twin("server.pem", pem, authority_of(middle))
    before, after = (x509.load_pem_x509_certificates(each) for each in (pem, twin))
    assert len(after) == len(before) > 1
    assert after[1:] == before[1:]
    assert after[0] != before[0]


def test_what_has_no_certificate_cannot_expire() -> None:
    with pytest.raises(UsageError, match=r"key\.pem has no certificate in it"):
        expired_twin("key.pem", b"-", authority_of(trustme.CA()))


def test_an_authority_has_a_certificate_and_a_key() -> None:
    ca = trustme.CA()
    for pem, lacking in ((ca.cert_pem, "private key"), (ca.private_key_pem, "certificate")):
        with pytest.raises(UsageError, match=f"has no {lacking} in it"):
            Authority.of("ca.pem", pem.bytes())


def test_who_has_not_signed_it_cannot_sign_its_twin() -> None:
    pem = trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
    with pytest.raises(UsageError, match=r"server\.pem is (issued by|not signed)"):
        expired_twin("server.pem", pem, authority_of(trustme.CA()))


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    ca = trustme.CA()
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(Unavailable, match="pip install cryptography"):
        expired_twin("server.pem", b"-", authority_of(ca))
