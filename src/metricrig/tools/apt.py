"""apt and dpkg as somebody without rights can use them: look up, download, unpack; never install.

Look-ups take a ``run``: a workplace's, where they are a part of fetching.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from metricrig.tools.lookup_command import run
from metricrig.tools.tool_request import CannotDeliver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from metricrig.tools.lookup_command import Run
    from metricrig.tools.workplace import Workplace

LOOK_UP_WITHIN = 60.0
_NO_WEAK = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")


def missing_programs() -> list[str]:
    """Which of the programs that are needed are not there."""
    return [name for name in ("apt-get", "apt-cache", "dpkg-deb") if shutil.which(name) is None]


def versions(package: str, options: Sequence[str] = (), run: Run = run) -> list[str]:
    """The versions that the package lists know, newest first, as apt writes them."""
    outcome = run(["apt-cache", *options, "madison", package], within=LOOK_UP_WITHIN)
    rows = [[cell.strip() for cell in line.split("|")] for line in outcome.stdout.splitlines()]
    return list(dict.fromkeys(row[1] for row in rows if len(row) > 2 and row[2].endswith("Packages")))  # noqa: PLR2004


def packages_like(pattern: str, options: Sequence[str] = (), run: Run = run) -> list[str]:
    """The packages that a name means; ``*`` stands for a number, the highest comes first."""
    if "*" not in pattern:
        return [pattern]
    before, _, after = pattern.partition("*")
    outcome = run(["apt-cache", *options, "pkgnames", before], within=LOOK_UP_WITHIN)
    wanted = re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}")
    found = [match for name in outcome.stdout.split() if (match := wanted.fullmatch(name))]
    return [match.group() for match in sorted(found, key=lambda match: int(match.group(1)), reverse=True)]


def with_private_lists(place: Workplace) -> tuple[str, ...]:
    """Fetch fresh package lists into a directory of ours, which needs no root, and return the options to use them."""
    directory = place.directory / "apt"
    for part in ("state/lists/partial", "cache/archives/partial"):
        (directory / part).mkdir(parents=True)
    options = (
        *("-o", f"Dir::State={directory / 'state'}"),
        *("-o", f"Dir::Cache={directory / 'cache'}"),
        *("-o", "Dir::State::status=/var/lib/dpkg/status"),
    )
    outcome = place.fetch(["apt-get", *options, *_patience(), "update"], growing=directory)
    if not outcome.ok:
        raise CannotDeliver(f"apt-get update (into a private directory): {outcome.complaint}")
    return options


def download(place: Workplace, packages: Sequence[str], options: Sequence[str] = ()) -> list[Path]:
    """Download packages, each a name or ``name=version``."""
    into = place.directory / "packages"
    into.mkdir(exist_ok=True)
    before = set(into.glob("*.deb"))
    outcome = place.fetch(["apt-get", *options, *_patience(), "download", *packages], cwd=into, growing=into)
    if not outcome.ok:
        raise CannotDeliver(f"apt-get download {' '.join(packages)}: {outcome.complaint}")
    return sorted(set(into.glob("*.deb")) - before)


def unpack(place: Workplace, package: Path, into: Path) -> None:
    """Unpack the files of a package; its scripts are not run."""
    outcome = place.fetch(["dpkg-deb", "--extract", package, into], growing=into)
    if not outcome.ok:
        raise CannotDeliver(f"dpkg-deb --extract {package.name}: {outcome.complaint}")


def dependencies(packages: Sequence[str], options: Sequence[str] = (), run: Run = run) -> list[str]:
    """All that they depend on, and what that depends on."""
    weak = [f"--no-{kind}" for kind in _NO_WEAK]
    outcome = run(["apt-cache", *options, "depends", "--recurse", *weak, *packages], within=LOOK_UP_WITHIN)
    return [line for line in outcome.stdout.splitlines() if line and line[0].isalnum()]


def _patience() -> tuple[str, ...]:
    return ("-q", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20")
