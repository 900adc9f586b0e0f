"""The manifest of an entry of the cache: what lies in it. Read with suspicion: it says which program is run."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MANIFEST = "manifest.json"
_LARGEST = 1 << 20


class BadManifest(Exception):
    """Why a manifest cannot be believed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an entry holds. Paths are relative to the entry, ``env`` lists them for each variable.

    ``directories`` are those of further programs, besides the executable's own. ``package`` is what the source fetched,
    as the source names it, and ``digest`` its hash.
    """

    tool: str
    version: str
    source: str
    executable: str
    bytes: int
    sha256: str
    env: Mapping[str, Sequence[str]] = field(default_factory=dict)
    when: str = ""
    package: str = ""
    digest: str = ""
    directories: Sequence[str] = ()


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Describe an entry, before it becomes visible."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    content = {**asdict(manifest), "when": manifest.when or now}
    (directory / MANIFEST).write_text(json.dumps(content, indent=2) + "\n")


def read_manifest(directory: Path) -> Manifest:
    """What an entry says of itself; raises ``BadManifest``, and ``OSError`` where there is none."""
    with (directory / MANIFEST).open(encoding="utf-8") as file:
        text = file.read(_LARGEST)
    try:
        content: dict[str, Any] = json.loads(text)
        manifest = Manifest(**content)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadManifest(f"it is no manifest ({error})") from None
    for problem in _problems(manifest):
        raise BadManifest(problem)
    return manifest


def _problems(manifest: Manifest) -> list[str]:
    words = ("tool", "version", "source", "executable", "sha256", "when", "package", "digest")
    wrong = [f"its {name} is no text" for name in words if not isinstance(getattr(manifest, name), str)]
    if not isinstance(manifest.bytes, int):
        wrong.append("its bytes are no number")
    if not _is_table_of_paths(manifest.env):
        wrong.append("its env is no table of lists of paths inside the entry")
    if not _are_paths(manifest.directories):
        wrong.append("its directories are no list of paths inside the entry")
    if not wrong and not _inside(manifest.executable):
        wrong.append(f"its executable {manifest.executable!r} lies outside of the entry")
    return wrong


def _is_table_of_paths(env: object) -> bool:
    return isinstance(env, dict) and all(isinstance(name, str) and _are_paths(paths) for name, paths in env.items())


def _are_paths(paths: object) -> bool:
    return isinstance(paths, list | tuple) and all(map(_inside, paths))


def _inside(path: object) -> bool:
    """Whether it is a relative path that leads nowhere else; "." is the entry itself."""
    if not isinstance(path, str) or not path or "\0" in path:
        return False
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts
