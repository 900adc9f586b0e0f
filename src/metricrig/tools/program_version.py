"""The version of a program that is there: asked of itself, and remembered, for asking costs 20 to 50 ms."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import cache_root
from metricrig._core.digest import digest_of
from metricrig._core.whole_file import write_whole
from metricrig.tools.lookup_command import run
from metricrig.tools.tool_cache import make_directory
from metricrig.tools.version_numbers import normalised

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from metricrig.tools.lookup_command import Run
    from metricrig.tools.tool import Tool

ANSWER_WITHIN = 10.0


def version_of(tool: Tool, executable: Path) -> str:
    """What it says itself, else what its Debian package or its Go build says; empty if nobody knows."""
    note = _note(tool, executable)
    if note is not None:
        with suppress(OSError, ValueError):
            return str(json.loads(note.read_text())["version"])
    version = said_by(tool, executable) or _said_by_dpkg(executable) or _said_by_go(executable)
    if note is not None and version:
        _remember(note, {"version": version, "path": str(executable)})
    return version


def said_by(tool: Tool, executable: Path, env: Mapping[str, str] | None = None, run: Run = run) -> str:
    """Ask the program. Noise around its answer, and on which stream it comes, does not matter."""
    try:
        outcome = run([executable, *tool.version_args], within=ANSWER_WITHIN, env=env)
    except OSError:
        return ""
    match = re.search(tool.version_pattern, f"{outcome.stdout}\n{outcome.stderr}")
    return normalised(match.group(1)) if match else ""


def _said_by_dpkg(executable: Path) -> str:
    """Debian's victoria-metrics is built without its version; the package database knows it."""
    if not _there("dpkg-query"):
        return ""
    owner = run(["dpkg-query", "--search", str(executable.resolve())], within=ANSWER_WITHIN)
    if not owner.ok:
        return ""
    package = owner.stdout.partition(": ")[0].split(",")[0]
    shown = run(["dpkg-query", "--show", "--showformat=${Version}", package], within=ANSWER_WITHIN)
    return normalised(shown.stdout) if shown.ok else ""


def _said_by_go(executable: Path) -> str:
    """A plain ``go install`` leaves the version to the build information."""
    if not _there("go"):
        return ""
    outcome = run(["go", "version", "-m", executable], within=ANSWER_WITHIN)
    match = re.search(r"^\s+mod\s+\S+\s+v(\S+)", outcome.stdout, re.MULTILINE)
    return normalised(match.group(1)) if outcome.ok and match else ""


def _there(program: str) -> bool:
    import shutil  # noqa: PLC0415 - its import takes 2.5 ms, and most versions are known

    return shutil.which(program) is not None


def _note(tool: Tool, executable: Path) -> Path | None:
    """Where this file's version is remembered; another file in its place has another note.

    None for a script: what a wrapper answers may change while the wrapper stays the same.
    """
    try:
        with executable.open("rb") as file:
            if file.read(2) == b"#!":
                return None
        real, seen = executable.resolve(), executable.stat()
    except OSError:
        return None
    identity = (executable.name, str(real), seen.st_size, seen.st_mtime_ns, seen.st_ino)
    key = json.dumps([*identity, tool.version_args, tool.version_pattern])
    return cache_root() / "versions" / f"{digest_of(key)}.json"


def _remember(note: Path, what: Mapping[str, str]) -> None:
    """A cache that cannot be written costs the asking, nothing else."""
    with suppress(OSError):
        make_directory(note.parent)
        write_whole(note, json.dumps(what))
