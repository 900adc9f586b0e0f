"""Changes to sound input, by a seeded chance: what a hostile or broken peer might send instead."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_NUMBERS = re.compile(rb"-?\d+")
_EXTREME = (
    b"-1",
    b"0",
    b"1e999",
    b"-0",
    b"4294967296",
    b"99999999999999999999",
    b"9" * 5000,
    b"NaN",
    b"null",
    b"{}",
    b"[]",
)
_BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF, *b"\r\n\t \"'\\{}[]()<>:;,.=%$&#@!*/+-_`")
_LONGEST = 1 << 16


def mutated(inputs: Sequence[bytes], chance: random.Random) -> bytes:
    """One of these with one to eight changes."""
    data = bytearray(chance.choice(inputs))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        data = bytearray(chance.choice(_CHANGES)(bytes(data), inputs, chance))
    return bytes(data[:_LONGEST])


def _flip(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _put(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    at, over = chance.randint(0, len(data)), chance.randint(0, 1)
    return data[:at] + bytes([chance.choice(_BYTES)]) * chance.choice((1, 1, 1, 2, 8, 300)) + data[at + over :]


def _cut(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    return chance.choice((data[:start] + data[end:], data[start:end], data[:end]))


def _repeat(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randint(0, len(data))
    end = min(len(data), start + chance.randint(0, 40))
    return data[:end] + data[start:end] * chance.choice((1, 2, 50, 2000)) + data[end:]


def _splice(data: bytes, inputs: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(inputs)
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def _renumber(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """Text formats have lengths and values in digits."""
    found = list(_NUMBERS.finditer(data))
    if not found:
        return data
    number = chance.choice(found)
    return data[: number.start()] + chance.choice(_EXTREME) + data[number.end() :]


def _resize(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """Binary ones have them in four bytes."""
    at = chance.randint(0, len(data))
    size = chance.choice((0, 1, -1, -4, 3, 1 << 16, (1 << 31) - 1, -(1 << 31)))
    order = chance.choice(("big", "little"))
    return data[:at] + size.to_bytes(4, order, signed=True) + data[at + 4 :]  # type: ignore[arg-type]  # one of two


_CHANGES: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    *(_flip, _flip, _put, _put, _cut, _repeat, _splice, _renumber, _resize),
)
