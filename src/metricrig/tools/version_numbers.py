"""Version numbers as people, Debian and Go modules write them; and the platform that a program is for."""

from __future__ import annotations

import os
import re
import sys

# An epoch ("5:"), a "v", the number, and at most a pre-release; what Debian adds ("+ds1-2", "-1~deb12u10") ends it.
_WRITTEN = re.compile(r"(?:\d+:)?v?(\d+(?:\.\d+)*)(?:[-~.]?(alpha|beta|rc|a|b)[-.]?(\d+))?", re.IGNORECASE)
_FULL = 3


def normalised(text: str) -> str:
    """``5:7.0.15-1~deb12u10`` is ``7.0.15``, ``v3.0.0-rc.1`` is ``3.0.0rc1``; empty if it is no version."""
    match = _WRITTEN.match(text.strip())
    if match is None:
        return ""
    number, phase, count = match.groups()
    return number if phase is None else f"{number}{phase.lower()}{count}"


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers: ``1.128.0`` is ``(1, 128, 0)``."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def is_full(version: str) -> bool:
    """Whether it names one release, as upstreams number them: three parts."""
    return len(numbers(version)) >= _FULL


def platform() -> str:
    """System and machine: a home that several machines share must not mix their programs."""
    return f"{sys.platform}-{os.uname().machine}"


def plain(version: str) -> str:
    """The module version of most Go programs: the same with a ``v``."""
    return f"v{version}"
