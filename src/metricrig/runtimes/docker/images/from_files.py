"""Images made of this machine's own programs: nothing is pulled, and no Dockerfile is needed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from docker.errors import APIError, DockerException, NotFound

from metricrig._core.cache_directory import cache_root
from metricrig._core.errors import Unavailable, UsageError
from metricrig.runtimes.docker.engine.errors import engine_message
from metricrig.runtimes.docker.images.pull_and_build import repository_and_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metricrig.runtimes.docker.engine.connection import ContainerEngine
    from metricrig.tools import Image

_LABEL = "metricrig.files"
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ELF = b"\x7fELF"
_OPEN = {"/tmp", "/root"}  # noqa: S108 - in the image
_AT_ONCE = 100
"""How many programs ldd is asked about in one go."""


def make_image(engine: ContainerEngine, image: Image) -> bool:
    """Have an image of exactly these files under this name; whether it had to be made."""
    from filelock import FileLock  # noqa: PLC0415 - only who makes an image needs it

    content = content_of(image)
    digest = _digest(content)
    locks = cache_root() / "image-locks"
    locks.mkdir(parents=True, exist_ok=True)
    # Several workers of a test run want the same image at the same moment.
    with FileLock(locks / hashlib.sha256(f"{engine.url} {image.name}".encode()).hexdigest()[:32]):
        before = {each["Id"]: (each["Labels"] or {}).get(_LABEL) for each in engine.client.images(image.name)}
        if digest in before.values():
            return False
        _import(engine, image, content, digest)
        for outdated in (identity for identity, label in before.items() if label is not None):
            _remove(engine, outdated)
    return True


def _remove(engine: ContainerEngine, identity: str) -> None:
    """An image of ours that has lost its name to a newer one."""
    try:
        engine.client.remove_image(identity)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:  # a container still runs from it
            raise


def content_of(image: Image) -> dict[str, Path]:
    """Each file's path in the image and here: what was asked for, and the shared libraries that it needs."""
    content: dict[str, Path] = {}
    for there, here in image.files.items():
        if not there.startswith("/") or not here.exists():
            why = f"there is no {here}" if there.startswith("/") else "paths in an image are absolute"
            raise UsageError(f"{image.name}: files={{{there!r}: ...}}: {why}")
        content.update(_below(there, here))
    programs = [path for path in content.values() if _is_program(path)]
    return {**{str(path): path for path in _libraries(programs, image)}, **content}


def search_path(files: Mapping[str, Path]) -> list[str]:
    """Where programs are looked for in the image: where it has programs that were named, and the usual places."""
    named = [str(PurePosixPath(there).parent) for there, here in files.items() if here.is_file() and _is_program(here)]
    return list(dict.fromkeys([*(place for place in named if place not in _PATH), *_PATH]))


def _below(there: str, here: Path) -> Iterator[tuple[str, Path]]:
    if here.is_file():
        yield there, here
    for root, _, names in os.walk(here):  # a link to a directory is not followed: it may lead in circles
        for path in (Path(root, name) for name in names):
            if path.is_file():
                yield f"{there.rstrip('/')}/{path.relative_to(here)}", path


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF


def _libraries(programs: list[Path], image: Image) -> Iterator[Path]:
    """By the paths under which the loader looks for them, and the loader itself."""
    if programs and shutil.which("ldd") is None:
        raise _unmade(image, "ldd, which tells what libraries a program needs, is not there", "install libc-bin")
    for begin in range(0, len(programs), _AT_ONCE):
        words = ["ldd", *map(str, programs[begin : begin + _AT_ONCE])]
        # Its status is not 0 as soon as one of them is a static program.
        listing = subprocess.run(words, capture_output=True, text=True, check=False).stdout
        if lost := re.findall(r"^\s*(\S+) => not found", listing, re.MULTILINE):
            raise _unmade(image, f"a program in it needs {', '.join(sorted(set(lost)))}", "install these libraries")
        for found in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", listing, re.MULTILINE):
            yield Path(found)


def _digest(content: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for there, here in sorted(content.items()):
        facts = here.stat()
        digest.update(f"{there} {here.resolve()} {facts.st_size} {facts.st_mtime_ns} {facts.st_mode}\0".encode())
    return digest.hexdigest()


def _import(engine: ContainerEngine, image: Image, content: Mapping[str, Path], digest: str) -> None:
    repository, tag = repository_and_tag(image.name)
    with tempfile.NamedTemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for entry in _directories(content):
                tar.addfile(entry)
            for there, here in sorted(content.items()):
                tar.add(here.resolve(), there.lstrip("/"))
        file.flush()
        changes = [f"ENV PATH={':'.join(search_path(image.files))}", f"LABEL {_LABEL}={digest}"]
        try:
            answer = engine.client.import_image_from_file(file.name, repository=repository, tag=tag, changes=changes)
            if not engine.client.images(image.name):  # Podman does not hear of the tag
                engine.client.tag(json.loads(answer.splitlines()[-1])["status"], repository, tag)
        except (DockerException, OSError) as error:
            raise _unmade(image, engine_message(error), "see the engine's log") from error


def _directories(paths: Iterable[str]) -> Iterator[tarfile.TarInfo]:
    """All of them are named: what an engine makes by itself may be closed to others. In some, any user may write."""
    parents = {str(each) for path in paths for each in PurePosixPath(path).parents}
    for name in sorted({*_OPEN, *parents} - {"/"}):
        entry = tarfile.TarInfo(name.lstrip("/"))
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name in _OPEN else 0o755
        yield entry


def _unmade(image: Image, reason: str, remedy: str) -> Unavailable:
    return Unavailable(f"the image {image.name}", reason=f"it cannot be made: {reason}", remedy=remedy)
