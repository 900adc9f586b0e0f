"""A digest of a text: a short name for a long thing. Not for what others could have an interest to forge."""

from __future__ import annotations

from _blake2 import blake2b  # hashlib's own, without OpenSSL, whose loading is 3 ms of a first start


def digest_of(text: str, length: int = 32) -> str:
    """So many hexadecimal digits, the same in every process."""
    return blake2b(text.encode(), digest_size=length // 2).hexdigest()
