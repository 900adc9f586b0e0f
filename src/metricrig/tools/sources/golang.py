"""Building with the Go toolchain that the user has."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.events import SourceTried, everything
from metricrig.tools.commands import run
from metricrig.tools.installing import Built, install
from metricrig.tools.requests import CannotDeliver, target

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools.requests import Request
    from metricrig.tools.tool import Executable, GoModule

BUILD_WITHIN = 900.0


@dataclass(frozen=True, slots=True)
class FromGo:
    """``go install`` from a module of its own, with the user's proxy, toolchain and build cache."""

    name: str = "go"
    downloads: bool = True

    def plan(self, request: Request) -> str:
        """Name the module."""
        golang, module_version, _ = _wanted(request)
        return f"would build {golang.package} from {golang.module}@{module_version}"

    def deliver(self, request: Request) -> Executable:
        """Build."""
        golang, module_version, version = _wanted(request)

        def build(staging: Path) -> Built:
            what = f"building {version} with go install, this can take a minute or three"
            everything.emit(SourceTried(tool=request.tool.name, source=self.name, what=what))
            tree = staging / "tree"
            tree.mkdir()
            _install(golang, module_version, version, staging)
            return Built(tree, _named(tree, request), version)

        return install(request, self.name, build, lambda before: before.version == version)


def _wanted(request: Request) -> tuple[GoModule, str, str]:
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


def _install(golang: GoModule, module_version: str, version: str, staging: Path) -> None:
    """A module of our own that requires it.

    ``go install package@version`` asks the proxy for the list of versions, which some proxies do not serve, and
    refuses modules with replace directives. From ``go 1.21`` on the requirements of requirements that nobody
    imports are left out; without that line Go reads them all, and some name versions that never existed.
    """
    scratch = staging / "scratch"
    scratch.mkdir()
    (scratch / "go.mod").write_text(f"module scratch\n\ngo 1.21\n\nrequire {golang.module} {module_version}\n")
    stamp = f" -X {golang.stamp.format(version=version)}" if golang.stamp else ""
    outcome = run(
        ["go", "install", "-mod=mod", f"-ldflags=-s -w{stamp}", golang.package],
        within=BUILD_WITHIN,
        cwd=scratch,
        env={"GOBIN": str(staging / "tree"), "GOWORK": "off"},
    )
    if not outcome.ok:
        raise CannotDeliver(f"go install {golang.package} ({module_version}): {outcome.complaint}")


def _named(tree: Path, request: Request) -> Path:
    """Go names a program after its package's directory, which need not be the tool's name."""
    built = next(tree.iterdir())
    if built.name in request.tool.executables:
        return built
    return built.rename(tree / request.tool.executables[0])
