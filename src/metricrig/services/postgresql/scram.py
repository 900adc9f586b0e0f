"""SCRAM-SHA-256 (RFC 5802, 7677): a client proves that it knows a password without sending it.

Passwords are taken to be ASCII, as ours are; others would have to be normalised first.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

ITERATIONS = 4096
_MOST_ITERATIONS = 1_000_000


class NotTrusted(Exception):
    """The other side does not know the password either."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What follows from a password and a salt."""

    client: bytes
    server: bytes

    @classmethod
    def of(cls, password: str, salt: bytes, iterations: int = ITERATIONS) -> Keys:
        """The keys of RFC 5802."""
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
        return cls(hmac.digest(salted, b"Client Key", "sha256"), hmac.digest(salted, b"Server Key", "sha256"))

    @property
    def stored(self) -> bytes:
        """What the server keeps in place of the client key."""
        return hashlib.sha256(self.client).digest()


@dataclass
class Proof:
    """The client's side of one exchange."""

    password: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    _signature: bytes = b""

    @property
    def first(self) -> bytes:
        """The opening; no channel binding, and the name is taken from the startup message."""
        return b"n,," + self._bare

    @property
    def _bare(self) -> bytes:
        return f"n=,r={self.nonce}".encode()

    def final(self, challenge: bytes) -> bytes:
        """The answer to the server's challenge."""
        asked = dict(part.split("=", 1) for part in challenge.decode().split(","))
        if not asked["r"].startswith(self.nonce):
            raise NotTrusted
        iterations = int(asked["i"])
        if iterations > _MOST_ITERATIONS:
            raise ValueError(f"{iterations} iterations would take for ever")
        keys = Keys.of(self.password, base64.b64decode(asked["s"]), iterations)
        unproved = f"c=biws,r={asked['r']}".encode()
        said = b",".join((self._bare, challenge, unproved))
        self._signature = hmac.digest(keys.server, said, "sha256")
        signature = hmac.digest(keys.stored, said, "sha256")
        proof = bytes(a ^ b for a, b in zip(keys.client, signature, strict=True))
        return unproved + b",p=" + base64.b64encode(proof)

    def check(self, outcome: bytes) -> None:
        """The server has to know the password too."""
        if not hmac.compare_digest(outcome, b"v=" + base64.b64encode(self._signature)):
            raise NotTrusted
