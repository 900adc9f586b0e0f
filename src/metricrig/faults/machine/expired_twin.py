"""An expired twin of a certificate: the same in all, signed by the same authority, and its time is over."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable, UsageError
from metricrig._core.frozen_class import frozen

if TYPE_CHECKING:
    from cryptography import x509

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\r?\n?", re.DOTALL)
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
_OVER_FOR = timedelta(days=1)
"""So long that no clock of a client is in doubt."""


@frozen
class Authority:
    """Whoever has signed a server's certificate: ``certificate`` and ``key`` are PEM texts."""

    certificate: bytes
    key: bytes

    @classmethod
    def of(cls, name: str, pem: bytes) -> Authority:
        """What is in a PEM file of this name."""
        certificate, key = _CERTIFICATE.search(pem), _KEY.search(pem)
        if certificate is None or key is None:
            lacking = "certificate" if certificate is None else "private key"
            raise UsageError(
                f"{name} has no {lacking} in it\n  what works: a PEM file with both, of the authority that has signed"
                " the server's certificate; of trustme: ca.private_key_pem.bytes() + ca.cert_pem.bytes()"
            )
        return cls(certificate[0], key[0])


def expired_twin(name: str, pem: bytes, authority: Authority) -> bytes:
    """The same PEM file with an expired certificate in the place of the server's, which comes first in it."""
    try:
        from cryptography import x509  # noqa: PLC0415 - for who has TLS, and breaks it
    except ImportError as error:
        raise Unavailable(
            "a certificate that has expired",
            reason="the package cryptography is missing",
            remedy="pip install cryptography",
        ) from error
    found = _CERTIFICATE.search(pem)
    if found is None:
        raise UsageError(f"{name} has no certificate in it\n  what works: the PEM file that the server serves")
    old, signer = x509.load_pem_x509_certificate(found[0]), x509.load_pem_x509_certificate(authority.certificate)
    _require_signed(name, old, signer)
    return pem[: found.start()] + _signed(old, authority) + pem[found.end() :]


def _require_signed(name: str, certificate: x509.Certificate, signer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(signer)
    except (ValueError, TypeError):
        why = f"issued by {certificate.issuer.rfc4514_string()!r}, not by {signer.subject.rfc4514_string()!r}"
    except Exception as error:  # noqa: BLE001 - InvalidSignature, of a module that need not be imported for it
        why = f"not signed with the key of {signer.subject.rfc4514_string()!r} ({type(error).__name__})"
    else:
        return
    raise UsageError(f"{name} is {why}\n  what works: authority= the PEM file of whoever has signed it")


def _signed(old: x509.Certificate, authority: Authority) -> bytes:
    from cryptography import x509  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key  # noqa: PLC0415 - see above

    end = datetime.now(UTC) - _OVER_FOR
    builder = x509.CertificateBuilder(
        issuer_name=old.issuer,
        subject_name=old.subject,
        public_key=old.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=min(end - _OVER_FOR, old.not_valid_before_utc),
        not_valid_after=end,
        extensions=list(old.extensions),
    )
    key = load_pem_private_key(authority.key, password=None)
    made = builder.sign(key, old.signature_hash_algorithm)  # type: ignore[arg-type]  # it has signed the old one
    return made.public_bytes(Encoding.PEM)
