"""Go modules as a source, built with the Go toolchain that the user has."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import cache_root
from metricrig._core.events import SourceTried, everything
from metricrig.tools.installation import Built, install
from metricrig.tools.tool_request import CannotDeliver, target

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools.tool import Executable, GoModule
    from metricrig.tools.tool_request import ToolRequest
    from metricrig.tools.workplace import Workplace


@dataclass(frozen=True, slots=True)
class FromGo:
    """``go install`` from a module of its own, with the user's proxy and toolchain."""

    name: str = "go"
    downloads: bool = True

    def plan(self, request: ToolRequest) -> str:
        """Name the module."""
        golang, module_version, _ = _wanted(request)
        return f"would build {golang.package} from {golang.module}@{module_version}"

    def deliver(self, request: ToolRequest) -> Executable:
        """Build."""
        golang, module_version, version = _wanted(request)

        def build(place: Workplace) -> Built:
            what = f"building {version} with go install, this can take a minute or three"
            everything.emit(SourceTried(tool=request.tool.name, source=self.name, what=what))
            tree = place.directory / "tree"
            tree.mkdir()
            known = request.locked.digest if request.locked else ""
            digest = _install(golang, module_version, version, place, known)
            package = f"{golang.module}@{module_version}"
            return Built(tree, _named(tree, request), version, package=package, digest=digest)

        return install(request, self.name, build, lambda before: before.version == version)


def _wanted(request: ToolRequest) -> tuple[GoModule, str, str]:
    golang = request.tool.golang
    if golang is None:
        raise CannotDeliver("it is no Go program, or none that builds as a module")
    if shutil.which("go") is None:
        raise CannotDeliver("there is no go in PATH")
    version = target(request)
    module_version = golang.module_version(version)
    if module_version is None:
        raise CannotDeliver(f"which version of the module {golang.module} is {version} is not known")
    return golang, module_version, version


def _install(golang: GoModule, module_version: str, version: str, place: Workplace, known: str) -> str:
    """A module of our own that requires it.

    ``go install package@version`` asks the proxy for the list of versions, which some proxies do not serve, and
    refuses modules with replace directives. From ``go 1.21`` on the requirements of requirements that nobody
    imports are left out; without that line Go reads them all, and some name versions that never existed. Returns the
    module's hash, which Go has checked: against its checksum database, and against ``known``.
    """
    scratch, temporary = place.directory / "scratch", place.directory / "tmp"
    scratch.mkdir()
    temporary.mkdir()
    (scratch / "go.mod").write_text(f"module scratch\n\ngo 1.21\n\nrequire {golang.module} {module_version}\n")
    line = f"{golang.module} {module_version} "
    (scratch / "go.sum").write_text(f"{line}{known}\n" if known else "")  # Go itself refuses another content
    stamp = f" -X {golang.stamp.format(version=version)}" if golang.stamp else ""
    outcome = place.fetch(
        ["go", "install", "-v", "-mod=mod", "-modcacherw", f"-ldflags=-s -w{stamp}", golang.package],
        cwd=scratch,
        env={"GOBIN": str(place.directory / "tree"), "GOWORK": "off", "TMPDIR": str(temporary), **_caches()},
        saying=_said,
    )
    if other := _another_content(outcome.stderr):
        raise CannotDeliver(f"{golang.module}@{module_version} is not the expected one: {other}")
    if not outcome.ok:
        raise CannotDeliver(f"go install {golang.package} ({module_version}): {outcome.complaint}")
    sums = (scratch / "go.sum").read_text().splitlines()
    return next((each.removeprefix(line) for each in sums if each.startswith(line)), "")


def _another_content(said: str) -> str:
    """Go's own lines about a wrong hash: what it has downloaded, and what was expected. Its last line says neither."""
    lines = [line.strip() for line in said.splitlines() if "checksum mismatch" in line or "h1:" in line]
    return ", ".join(lines) if "SECURITY ERROR" in said else ""


def _caches() -> dict[str, str]:
    """Kept beside the tools, so that a build which was cut short goes on where it was; yours, if you name them."""
    home = cache_root() / "go"
    ours = {"GOCACHE": str(home / "build"), "GOMODCACHE": str(home / "modules")}
    return {name: os.environ.get(name) or place for name, place in ours.items()}


def _said(line: str) -> str:
    """``go install -v`` says the packages that it has compiled, and what it downloads."""
    return line.removeprefix("go: ") if line.startswith("go: ") else f"compiled {line}" if line else "starting"


def _named(tree: Path, request: ToolRequest) -> Path:
    """Go names a program after its package's directory, which need not be the tool's name."""
    built = next(tree.iterdir())
    if built.name in request.tool.executables:
        return built
    return built.rename(tree / request.tool.executables[0])
