"""Keys in a Redis that may be somebody else's: under a prefix that says whose they are, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from exporter_suite.storage import InRedis

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

_OURS = re.compile(r"exporter-suite-(?P<boot>\w+)-(?P<pid>\d+)-(?P<start>\d+)-\w+:")
"""The boot of a machine, and a test process of it: so that nobody takes away what another run is using."""


@contextlib.contextmanager
def private(url: str) -> Iterator[InRedis]:
    """Room under a prefix of its own. Should this process be killed, the keys end by their TTL."""
    parts = urlsplit(url)
    room = InRedis(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 6379,
        db=int(parts.path.strip("/") or 0),
        password=unquote(parts.password) if parts.password else None,
        prefix=_new_prefix(),
    )
    try:
        yield room
    finally:
        with connected(room) as client:
            _remove(client, list(client.scan_iter(match=f"{room.prefix}:*", count=1000)))


@contextlib.contextmanager
def connected(room: InRedis) -> Iterator[redis.Redis]:
    """A client of the same Redis."""
    import redis  # noqa: PLC0415 - 0.1 s, which every process of a parallel run would pay

    client = redis.Redis(host=room.host, port=room.port, db=room.db, password=room.password, decode_responses=True)
    try:
        yield client
    finally:
        client.close()


def of(room: InRedis) -> set[str]:
    """All keys of this room, without its prefix."""
    with connected(room) as client:
        return {each.removeprefix(f"{room.prefix}:") for each in client.scan_iter(match=f"{room.prefix}:*", count=1000)}


def hashes(room: InRedis) -> dict[str, dict[str, str]]:
    """What is kept: the fields of each key of this room, without its prefix."""
    with connected(room) as client:
        # The client's types know of bytes too, which this one does not return.
        return {each: cast("dict[str, str]", client.hgetall(f"{room.prefix}:{each}")) for each in of(room)}


def ends(room: InRedis) -> dict[str, float]:
    """When each key ends, by Redis's own clock; a key that has no end is not among them.

    A point in time stays where it is until the key is written. A time to live is another one whenever one looks.
    """
    with connected(room) as client:
        names = of(room)
        asked = client.pipeline(transaction=True)  # one moment for all
        asked.time()
        for each in names:
            asked.pttl(f"{room.prefix}:{each}")
        (seconds, micros), *left = asked.execute()
    now = seconds + micros / 1e6
    return {each: now + ms / 1000 for each, ms in zip(names, left, strict=True) if ms >= 0}


def remove_abandoned(url: str) -> None:
    """Remove the keys of test processes of this machine that are dead."""
    import redis  # noqa: PLC0415 - see above

    with contextlib.closing(redis.Redis.from_url(url, decode_responses=True)) as client:
        _remove(client, [each for each in client.scan_iter(match="exporter-suite-*", count=1000) if _abandoned(each)])


def _abandoned(key: str) -> bool:
    match = _OURS.match(key)
    return match is not None and match["boot"] == _boot() and match["start"] != _start_of(match["pid"])


def _new_prefix() -> str:
    return f"exporter-suite-{_boot()}-{os.getpid()}-{_start_of(os.getpid())}-{secrets.token_hex(4)}"


def _boot() -> str:
    """This boot of this machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8]


def _start_of(pid: int | str) -> str:
    """When a process started, in the kernel's ticks; pids are used again. Empty if there is none, or a dead one."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in {"Z", "X"} else fields[18]


def _remove(client: redis.Redis, names: list[str]) -> None:
    if names:
        client.delete(*names)
