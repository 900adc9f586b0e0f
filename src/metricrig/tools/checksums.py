"""The sha256 that a published archive must have: pinned, seen before, or stated by its publisher."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import cache_root
from metricrig._core.leases import Lease
from metricrig._core.whole_file import write_whole
from metricrig.tools.tool_request import CannotDeliver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCK_FILE = "metricrig-tools.lock"
GUARD_WITHIN = 30.0
"""Seconds for which others may be writing it, each a moment."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A hash, and who says so: for the message when it is another one."""

    sha256: str
    said_by: str


@functools.cache
def pins() -> Mapping[str, str]:
    """URL to sha256, as shipped. A hash that nobody checked is not in there."""
    text = files("metricrig.tools").joinpath("pins.json").read_text()
    return {str(url): str(sha256) for url, sha256 in json.loads(text).items()}


def known(url: str) -> Expected | None:
    """The hash that is pinned for an upstream URL, or that it had when it was fetched first."""
    pinned = pins().get(url)
    if pinned:
        return Expected(pinned, "the pin that metricrig ships")
    seen = remembered().get(url)
    return Expected(seen, f"{lock_file()}, which remembers an earlier download") if seen else None


def published(listing: str, asset: str, where: str) -> Expected:
    """The hash in a checksum file such as sha256sum writes it.

    Exactly of this name: ``elsewhere/NAME`` is another file, and of two hashes nobody knows which one is meant.
    """
    found = re.findall(r"^([0-9a-fA-F]{64})[ \t]+\*?(\S+)[ \t]*$", listing, re.MULTILINE)
    hashes = {sha256.lower() for sha256, name in found if name.removeprefix("./") == asset}
    if len(hashes) > 1:
        raise CannotDeliver(f"{where} has {len(hashes)} different sha256 for {asset}, so it cannot be verified")
    for sha256 in hashes:
        return Expected(sha256, where)
    others = [name for _, name in found if name.rpartition("/")[2] == asset]
    also = f" (but for {', '.join(others)})" if others else ""
    raise CannotDeliver(f"{where} has no sha256 for {asset}{also}, so it cannot be verified")


def verify(url: str, sha256: str, expected: Expected) -> None:
    """Raise unless the file is the expected one."""
    if sha256 == expected.sha256:
        return
    raise CannotDeliver(
        f"{url} is not the expected file: its sha256 is {sha256}, but {expected.said_by} says {expected.sha256}",
    )


def lock_file() -> Path:
    """Where the hashes of earlier downloads are kept."""
    return cache_root() / LOCK_FILE


def remembered() -> dict[str, str]:
    """URL to sha256 of what was downloaded and verified before."""
    place = lock_file()
    try:
        content = json.loads(place.read_text())
        return {str(url): str(sha256) for url, sha256 in content.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, RecursionError):
        # To begin a new file would silently forget every hash, which is what an attacker would like.
        raise CannotDeliver(f"{place} is no JSON object of hashes: mend or remove it") from None


def remember(url: str, sha256: str) -> None:
    """Keep the hash, so that another file at the same URL is noticed later."""
    with Lease.wait(lock_file().with_name(f".{LOCK_FILE}.guard"), within=GUARD_WITHIN):
        content = remembered()
        if content.get(url) == sha256:
            return
        text = json.dumps({**content, url: sha256}, indent=2, sort_keys=True) + "\n"
        write_whole(lock_file(), text, mode=0o644)
