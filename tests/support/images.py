"""Small images, made of the programs of this machine and the shared libraries that they need: nothing is pulled."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import docker

from metricrig import ToolUnavailable
from metricrig.tools import ETCD, MEMCACHED, POSTGRESQL, PROMETHEUS, REDIS, TOOLS, VICTORIA_METRICS, obtain
from support.programs import IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from metricrig.tools import Executable, Tool

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OPEN = {"/tmp", "/root"}
_COMMANDS = ("sh", "sleep", "cat", "ls", "id", "curl")


@dataclass
class Content:
    """What goes into an image: paths there, and what they are here; and further directories of its PATH."""

    files: dict[str, Path] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def program(self, there: str, here: Path) -> None:
        """A program with its libraries."""
        self.files[there] = here.resolve()
        self.libraries([here])

    def libraries(self, programs: Iterable[Path]) -> None:
        """Whatever the loader would look for."""
        for path in _needed(programs):
            self.files[str(path)] = path

    def tree(self, root: Path, without: Callable[[Path], bool] = lambda _: False) -> None:
        """A directory at its own path."""
        for path in root.rglob("*"):
            if not path.is_dir() and not without(path):
                self.files[str(path)] = path
        self.libraries(path for path in root.rglob("*.so") if not without(path))


def build_missing(url: str, only: Sequence[str] = ()) -> None:
    """Every image that the engine does not have yet, or those whose names have one of these words."""
    client = docker.APIClient(base_url=url, version="auto")
    try:
        for name, describe in _wanted():
            if not client.images(name) and (not only or any(word in name for word in only)):
                _build(client, name, describe())
    finally:
        client.close()


def build_small(client: docker.APIClient, name: str, *, ballast: Path) -> None:
    """Something that sleeps, and a file that takes a registry and an engine a moment."""
    content = Content({"/ballast": ballast})
    for command in ("sleep", "cat"):
        content.program(f"/bin/{command}", Path(which(command) or command))
    _build(client, name, content)


def image_of(tool: Tool, executable: Executable) -> str:
    """The name by which the catalogue knows an image of this version."""
    assert tool.image is not None
    return tool.image.name.replace("{version}", executable.version)


def _wanted() -> Iterator[tuple[str, Callable[[], Content]]]:
    yield IMAGE, _programs
    for executable in _executables():
        tool = TOOLS[executable.tool]
        yield image_of(tool, executable), lambda tool=tool, executable=executable: _server(tool, executable)  # type: ignore[misc]


def _executables() -> Iterator[Executable]:
    yield from (obtain(tool) for tool in TOOLS.values())
    with contextlib.suppress(ToolUnavailable):  # the test that wants it says so itself
        yield obtain(VICTORIA_METRICS, "<1.88")


def _server(tool: Tool, executable: Executable) -> Content:
    """A server where its official image has it."""
    content = Content()
    where = {
        VICTORIA_METRICS: "/victoria-metrics-prod",
        PROMETHEUS: "/bin/prometheus",
        REDIS: "/usr/local/bin/redis-server",
        MEMCACHED: "/usr/local/bin/memcached",
        ETCD: "/usr/local/bin/etcd",
    }
    if tool == POSTGRESQL:
        _postgresql(content, executable.path.resolve())
    else:
        content.program(where[tool], executable.path)
    for command in ("sh", "sleep", "cat"):
        content.program(f"/bin/{command}", Path(which(command) or command))
    return content


def _postgresql(content: Content, server: Path) -> None:
    """All of it, at the same place: it finds its own files from where it lies."""
    home = server.parent.parent
    content.tree(home)
    content.libraries(path for path in (home / "bin").iterdir())
    for word in ("--sharedir", "--pkglibdir"):
        said = subprocess.run([server.parent / "pg_config", word], capture_output=True, text=True, check=False).stdout
        if said.strip() and home not in Path(said.strip()).parents:
            content.tree(Path(said.strip()))
    content.path.append(str(server.parent))


def _programs() -> Content:
    """This Python and a few commands."""
    content = Content()
    for command in _COMMANDS:
        content.program(f"/bin/{command}", Path(which(command) or command))
    python = Path(sys.executable)
    content.program(str(python.resolve()), python)
    content.program(str(python), python)
    content.texts["/etc/passwd"] = (
        "root:x:0:0::/root:/bin/sh\nnobody:x:65533:65532::/:/bin/sh\nclerk:x:4711:4712::/:/bin/sh\n"
    )
    library = Path(sysconfig.get_path("stdlib"))
    heavy = {"test", "site-packages", "idlelib", "ensurepip", "lib2to3", "tkinter"}
    content.tree(library, lambda path: bool(heavy.intersection(path.parts)) or path.suffix == ".a")
    return content


def _directories(paths: Iterable[str]) -> set[str]:
    """All of them have to be named: what an engine makes by itself may be closed to others."""
    return _OPEN | {os.path.normpath(each) for path in paths for each in Path(path).parents} - {"/"}


def _needed(programs: Iterable[Path]) -> Iterator[Path]:
    """Shared libraries, by the path under which they are looked for."""
    words = [str(path) for path in programs]
    said = subprocess.run(["ldd", *words], capture_output=True, text=True, check=False).stdout if words else ""
    for found in re.findall(r"(?:=> )?(/\S+) \(0x", said):
        yield Path(found)


def _build(client: docker.APIClient, name: str, content: Content) -> None:
    with tempfile.NamedTemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for directory in sorted(_directories([*content.files, *content.texts])):
                entry = tarfile.TarInfo(directory.lstrip("/"))
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory in _OPEN else 0o755
                tar.addfile(entry)
            for there, here in sorted(content.files.items()):
                tar.add(here.resolve(), there.lstrip("/"))
            for there, text in content.texts.items():
                entry = tarfile.TarInfo(there.lstrip("/"))
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        file.flush()
        repository, _, tag = name.rpartition(":")
        changes = [f"ENV PATH={':'.join([*content.path, _PATH])}"]
        said = client.import_image_from_file(file.name, repository=repository, tag=tag, changes=changes)
        if not client.images(name):  # Podman does not hear of the tag
            client.tag(json.loads(said.splitlines()[-1])["status"], repository, tag)
