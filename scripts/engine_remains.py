"""What a container engine has outside of its processes: bridges, a firewall rule, control groups, a directory."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from container_engine import Place

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_INTERFACES = Path("/sys/class/net")
_NETWORK = re.compile(r"br-([0-9a-f]{12})")


def make_network(place: Place) -> None:
    """The bridge of containers that name no network, and a rule that lets neighbours on one bridge talk.

    Where another engine runs, its policy is to drop what it does not know.
    """
    number = zlib.crc32(place.tag.encode())
    address = f"10.{150 + number % 50}.{number // 50 % 250}.1/24"
    _ip("add", place.bridge, "type", "bridge")
    subprocess.run(["ip", "addr", "add", address, "dev", place.bridge], check=True)
    _rule("-I", place)


def thaw(place: Place) -> None:
    """Let paused containers go on."""
    for group in _groups(place):
        for file, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            if (group / file).exists():
                with contextlib.suppress(OSError):
                    (group / file).write_text(word)


def remove(place: Place) -> None:
    """All of it; nothing of the engine runs any more."""
    for bridge in _bridges(place):
        _ip("delete", bridge)
    _rule("-D", place)
    for group in _groups(place):
        with contextlib.suppress(OSError):
            group.rmdir()
    shutil.rmtree(place.path, ignore_errors=True)


def _bridges(place: Place) -> Iterator[str]:
    """Its own, and those of networks that its database knows."""
    database = place.path / "data" / "network" / "files" / "local-kv.db"
    known = database.read_bytes() if database.exists() else b""
    for name in sorted(each.name for each in _INTERFACES.iterdir()):
        network = _NETWORK.fullmatch(name)
        if name == place.bridge or (network and network[1].encode() in known):
            yield name


def _groups(place: Place) -> list[Path]:
    """Below each controller; children before parents."""
    roots = [*_CONTROL_GROUPS.glob(place.control_group), *_CONTROL_GROUPS.glob(f"*/{place.control_group}")]
    found = [each for root in roots for each in (root, *root.rglob("*")) if each.is_dir()]
    return sorted(found, key=lambda each: len(each.parts), reverse=True)


def _ip(what: str, name: str, *words: str) -> None:
    subprocess.run(["ip", "link", what, name, *words], check=False)


def _rule(what: str, place: Place) -> None:
    """Found again by its comment. A kernel that cannot do this has no such policy either."""
    words = ["-m", "physdev", "--physdev-is-bridged", "-m", "comment", "--comment", place.control_group, "-j", "ACCEPT"]
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(["iptables", "-w", what, "FORWARD", *words], check=False)
