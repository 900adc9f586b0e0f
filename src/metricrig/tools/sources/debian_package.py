"""Debian's archive as a source: packages are unpacked into the cache, without root, and nothing is installed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.events import SourceTried, everything
from metricrig.tools import apt
from metricrig.tools.executable_search import unpacked_executable
from metricrig.tools.installation import Built, install, sha256_of
from metricrig.tools.lookup_command import run
from metricrig.tools.shared_libraries import bringing, directories_of_libraries, lacking
from metricrig.tools.tool_request import CannotDeliver
from metricrig.tools.version_numbers import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from metricrig.tools.executable_search import Found
    from metricrig.tools.lookup_command import Run
    from metricrig.tools.tool import DebianPackage, Executable
    from metricrig.tools.tool_request import ToolRequest
    from metricrig.tools.workplace import Workplace


class NotListed(CannotDeliver):
    """The package lists do not know the package; fresh ones may."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The packages to fetch. All of them have the version of the first where they come from one source."""

    names: tuple[str, ...]
    version: str

    @property
    def exactly(self) -> list[str]:
        """As apt-get wants them."""
        return [f"{self.names[0]}={self.version}", *self.names[1:]]


@dataclass(frozen=True, slots=True)
class FromDebian:
    """Downloads packages and those of their libraries that this machine lacks."""

    name: str = "debian"
    downloads: bool = True

    def plan(self, request: ToolRequest) -> str:
        """Name the packages, by the lists that are there."""
        try:
            choice = _choose(request, _package(request), ())
        except NotListed as why:
            return f"{why}; would fetch fresh lists and look again"
        return f"would unpack {' '.join(choice.exactly)}"

    def deliver(self, request: ToolRequest) -> Executable:
        """Download and unpack; with private package lists where the system's are absent or outdated."""
        package = _package(request)
        offered: list[str] = []

        def suits(before: Executable) -> bool:
            if not offered:  # looked up once, and only if there is something to compare with
                offered.append(_offered(request, package))
            return before.version == offered[0]

        def build(place: Workplace) -> Built:
            try:
                return _unpacked(request, _choose(request, package, (), place.run), place, ())
            except (NotListed, OutdatedLists):
                self._say(request, "fetching package lists")
                options = apt.with_private_lists(place)
                return _unpacked(request, _choose(request, package, options, place.run), place, options)

        return install(request, self.name, build, suits)

    def _say(self, request: ToolRequest, what: str) -> None:
        everything.emit(SourceTried(tool=request.tool.name, source=self.name, what=what))


def _offered(request: ToolRequest, package: DebianPackage) -> str:
    """The version that would be fetched now; empty if the lists do not say."""
    try:
        return normalised(_choose(request, package, ()).version)
    except CannotDeliver:
        return ""


class OutdatedLists(CannotDeliver):
    """A package of the lists could not be fetched: mirrors remove what has a successor."""


def _package(request: ToolRequest) -> DebianPackage:
    if request.tool.debian is None:
        raise CannotDeliver("Debian has no package of it that metricrig knows of")
    missing = apt.missing_programs()
    if missing:
        raise CannotDeliver(f"there is no {', '.join(missing)} in PATH: this system has no Debian packages")
    return request.tool.debian


def _choose(request: ToolRequest, package: DebianPackage, options: Sequence[str], run: Run = run) -> Choice:
    first, *others = package.packages
    if request.locked is not None:
        name, _, version = request.locked.package.partition("=")
        return Choice((name, *others), version)
    offered: list[str] = []
    for name in apt.packages_like(first, options, run):
        for version in apt.versions(name, options, run):
            if request.satisfied_by(normalised(version)):
                return Choice((name, *others), version)
            offered.append(f"{name} {version}")
    if offered:
        raise CannotDeliver(f"Debian offers {', '.join(offered)}; wanted {request.wanted}")
    raise NotListed(f"the package lists of this system do not know {first}")


def _unpacked(request: ToolRequest, choice: Choice, place: Workplace, options: Sequence[str]) -> Built:
    what = f"unpacking {' '.join(choice.exactly)}"
    everything.emit(SourceTried(tool=request.tool.name, source="debian", what=what))
    tree, packages = place.directory / "tree", place.directory / "packages"
    for left_by_the_first_try in (tree, packages):
        shutil.rmtree(left_by_the_first_try, ignore_errors=True)
    files = _fetch(choice.exactly, place, options)
    main = next(file for file in files if file.name.startswith(f"{choice.names[0]}_"))
    found = _found(request, tree, choice)
    libraries = _with_libraries(_programs(request, found), choice, place, options)
    _drop_what_cannot_load(request, place, libraries)
    return Built(
        tree,
        found.path,
        normalised(choice.version),
        libraries,
        package=choice.exactly[0],
        digest=f"sha256:{sha256_of(main)}",
        directories=found.directories,
    )


def _fetch(packages: Sequence[str], place: Workplace, options: Sequence[str]) -> list[Path]:
    try:
        files = apt.download(place, packages, options)
    except CannotDeliver as why:
        raise OutdatedLists(str(why)) from None
    for file in files:
        apt.unpack(place, file, place.directory / "tree")
    return files


def _found(request: ToolRequest, tree: Path, choice: Choice) -> Found:
    directory = request.tool.debian.directory if request.tool.debian else ""
    found = unpacked_executable(tree, directory, request.tool)
    if found is None:
        names = " or ".join(request.tool.executables)
        raise CannotDeliver(f"{', '.join(choice.names)} {choice.version} has no {names} in {directory}")
    return found


def _programs(request: ToolRequest, found: Found) -> list[Path]:
    """The programs that must run. One that is missing is an error once the tree is complete."""
    named = [each / name for each in (found.path.parent, *found.directories) for name in request.tool.companions]
    return [found.path, *(each for each in named if each.is_file())]


def _with_libraries(programs: Sequence[Path], choice: Choice, place: Workplace, options: Sequence[str]) -> list[Path]:
    """Fetch the packages of the libraries that the programs lack, and return the directories to look in."""
    absent = lacking(programs, run=place.run)
    if not absent:
        return []
    wanted = bringing(absent, apt.dependencies(choice.names, options, place.run))
    if wanted:
        _fetch(wanted, place, options)
    directories = directories_of_libraries(place.directory / "tree")
    still = lacking(programs, directories, place.run)
    if still:
        raise CannotDeliver(f"{programs[0].name} needs {', '.join(still)}, which no package it depends on brings")
    return directories


def _drop_what_cannot_load(request: ToolRequest, place: Workplace, libraries: Sequence[Path]) -> None:
    """PostgreSQL tries its compiler module if the file exists, and fails queries if that does not load."""
    for pattern in request.tool.debian.optional if request.tool.debian else ():
        for file in (place.directory / "tree").glob(pattern):
            if lacking([file], libraries, place.run):
                file.unlink()
