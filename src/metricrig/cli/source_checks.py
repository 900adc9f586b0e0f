"""Checks of what the sources of tools need of this machine, as far as they can be made without using it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import cache_root
from metricrig._core.private_directory import NotOurs, PrivateDirectory
from metricrig.runtimes import data_root
from metricrig.runtimes.process.capabilities import Capability
from metricrig.tools.apt import missing_programs
from metricrig.tools.source_settings import settings

if TYPE_CHECKING:
    from pathlib import Path


def checks() -> list[Capability]:
    """All of them, looked at now."""
    return [rigs(), cache(), downloads(), pip(), apt(), go(), template()]


def rigs() -> Capability:
    """The directories that rigs lie in: each is ours alone, or not there yet."""
    strange = []
    for root in dict.fromkeys(data_root.roots()):
        try:
            PrivateDirectory.open(str(root)).close()
        except FileNotFoundError:
            continue
        except NotOurs as error:
            strange.append(str(error))
    if not strange:
        return Capability("directories of rigs", present=True, says=", ".join(map(str, data_root.roots())))
    return Capability(
        "directories of rigs",
        present=False,
        says="; ".join(strange),
        remedy="have them removed, or set METRICRIG_DATA to a directory of your own",
    )


def cache() -> Capability:
    """A place for what is fetched."""
    root = cache_root()
    existing = next(each for each in (root, *root.parents) if each.exists())
    if os.access(existing, os.W_OK | os.X_OK) and existing.is_dir():
        return Capability("cache directory", present=True, says=str(root))
    return Capability(
        "cache directory",
        present=False,
        says=f"{root} cannot be written: {existing} is not a directory of yours",
        remedy="set METRICRIG_CACHE to a directory of your own",
    )


def downloads() -> Capability:
    """Whether sources may use the network; whether they can is seen when they do."""
    if settings().offline:
        return Capability("downloads", present=False, says="METRICRIG_OFFLINE is set", remedy="unset METRICRIG_OFFLINE")
    return Capability("downloads", present=True, says="allowed (METRICRIG_OFFLINE=1 forbids them)")


def pip() -> Capability:
    """What fetches wheels."""
    if importlib.util.find_spec("pip") is not None:
        return Capability("pip", present=True, says=f"{sys.executable} -m pip")
    return Capability("pip", present=False, says=f"{sys.executable} has none", remedy=f"{sys.executable} -m ensurepip")


def apt() -> Capability:
    """What fetches and unpacks Debian packages."""
    missing = missing_programs()
    if not missing:
        return Capability("apt-get, dpkg-deb", present=True, says=str(shutil.which("apt-get")))
    return Capability(
        "apt-get, dpkg-deb",
        present=False,
        says=f"no {', '.join(missing)} in PATH",
        remedy="nothing to mend on a system without Debian packages; other sources remain",
    )


def go() -> Capability:
    """What builds Go programs."""
    found = shutil.which("go")
    if found:
        return Capability("go toolchain", present=True, says=found)
    return Capability("go toolchain", present=False, says="no go in PATH", remedy="install Go, if other sources fail")


def template() -> Capability:
    """A data directory of PostgreSQL that only has to be copied."""
    home = cache_root() / "postgresql-templates"
    versions = sorted({each.name.rpartition("-")[0] for each in _directories(home)})
    if versions:
        return Capability("PostgreSQL template", present=True, says=f"made for {', '.join(versions)}")
    return Capability(
        "PostgreSQL template",
        present=False,
        says="none yet: the first PostgreSQL takes a second longer",
        remedy="start a PostgreSQL once",
    )


def _directories(home: Path) -> list[Path]:
    if not os.access(home, os.R_OK | os.X_OK):
        return []
    return [each for each in home.iterdir() if each.is_dir() and each.suffix != ".staging"]
