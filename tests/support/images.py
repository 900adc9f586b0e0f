"""Images of the catalogue's servers under their official names, and one of programs: nothing is pulled."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from metricrig import Image, ToolUnavailable
from metricrig.runtimes.docker.engine.candidates import Candidate
from metricrig.runtimes.docker.engine.connection import connect
from metricrig.runtimes.docker.images.from_files import make_image
from metricrig.services import POSTGRESQL, VICTORIA_METRICS
from metricrig.services.known_tools import all_tools, look_up
from metricrig.tools import obtain
from support.programs import IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from metricrig.tools import Executable, Tool

_COMMANDS = ("sh", "sleep", "cat", "ls", "id", "curl", "getent")
_HEAVY = {"config", "test", "site-packages", "idlelib", "ensurepip", "lib2to3", "tkinter"}


def build_missing(url: str, only: Sequence[str] = ()) -> None:
    """Every image that the engine does not have yet, or those whose names have one of these words."""
    engine = connect(Candidate(url, "the tests"))
    try:
        for name, files in _wanted():
            if not engine.client.images(name) and (not only or any(word in name for word in only)):
                make_image(engine, Image(name, files=files()))
    finally:
        engine.client.close()


def build_small(url: str, name: str, *, ballast: Path) -> None:
    """Something that sleeps, and a file that takes a registry and an engine a moment."""
    engine = connect(Candidate(url, "the tests"))
    try:
        make_image(engine, Image(name, files={"/ballast": ballast, **_commands("sleep", "cat")}))
    finally:
        engine.client.close()


def image_of(tool: Tool, executable: Executable) -> str:
    """The name by which the catalogue knows an image of this version."""
    assert tool.image is not None
    return tool.image.name.replace("{version}", executable.version)


def _wanted() -> Iterator[tuple[str, Callable[[], dict[str, Path]]]]:
    yield IMAGE, _programs
    for executable in _executables():
        tool = look_up(executable.tool)
        yield image_of(tool, executable), lambda tool=tool, executable=executable: _server(tool, executable)  # type: ignore[misc]


def _executables() -> Iterator[Executable]:
    yield from (obtain(tool) for tool in all_tools())
    for version in ("<1.88", "1.128.0"):
        with contextlib.suppress(ToolUnavailable):  # the test that wants it says so itself
            yield obtain(VICTORIA_METRICS, version)


def _server(tool: Tool, executable: Executable) -> dict[str, Path]:
    """A server where its official image has it."""
    if tool == POSTGRESQL:
        return {**_postgresql(executable.path.resolve()), **_commands("sh", "sleep", "cat")}
    assert tool.image is not None
    program = Path("/usr/local/bin", tool.image.program)  # it may be a whole path by itself
    return {str(program): executable.path, **_commands("sh", "sleep", "cat")}


def _commands(*words: str) -> dict[str, Path]:
    return {f"/bin/{word}": Path(which(word) or word) for word in words}


def _postgresql(server: Path) -> dict[str, Path]:
    """All of it, at the same place: it finds its own files from where it lies."""
    home = server.parent.parent
    files = {str(home): home, str(server): server}
    for word in ("--sharedir", "--pkglibdir"):
        said = subprocess.run([server.parent / "pg_config", word], capture_output=True, text=True, check=False).stdout
        place = Path(said.strip())
        if said.strip() and home not in place.parents:
            files[str(place)] = place
    return files


def _programs() -> dict[str, Path]:
    """This Python and a few commands."""
    python, library = Path(sys.executable), Path(sysconfig.get_path("stdlib"))
    files = {str(path): path for path in library.iterdir() if not _HEAVY & {path.name, path.name.partition("-")[0]}}
    files["/etc/passwd"] = Path(__file__).with_name("people.passwd")
    return {**files, str(python): python, str(python.resolve()): python, **_commands(*_COMMANDS)}
