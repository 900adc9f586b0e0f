"""Version specifiers, such as ``7.0`` or ``>=1.88,<2``, and whether a version satisfies one."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from metricrig.tools.version_numbers import normalised

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_PLAIN = re.compile(r"v?\d+(\.\d+)*([-~.]?(alpha|beta|rc|a|b)[-.]?\d+)?", re.IGNORECASE)
_LONGEST_SPECIFIER = 1000
"""Characters; Python refuses to take numbers of more than 4300 digits for numbers, and later than here."""


def satisfies(wanted: str, version: str) -> bool:
    """Whether a version satisfies a specifier."""
    return parsed(as_specifier(wanted)).contains(version, prereleases=True)


def is_plain(stated: str) -> bool:
    """Whether it is one version, and not a specifier."""
    return _PLAIN.fullmatch(stated) is not None


def as_specifier(stated: str) -> str:
    """What packaging understands."""
    if not is_plain(stated):
        return stated
    version = normalised(stated)
    # "7.0" means every 7.0.x, as people say it; a pre-release has nothing below it.
    return f"=={version}" if version.strip("0123456789.") else f"=={version}.*"


@functools.lru_cache(maxsize=64)
def parsed(specifier: str) -> SpecifierSet:
    """As packaging has it; ``ValueError`` if it is none."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - 4 ms that an import of metricrig need not pay

    if len(specifier) > _LONGEST_SPECIFIER:
        raise ValueError(f"it has {len(specifier)} characters, and no version has")
    return SpecifierSet(specifier)
