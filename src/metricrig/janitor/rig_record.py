"""``rig.json``: what a rig's directory says about who owns it and what runs in it.

The owner writes the first one, the janitor all others; ``metricrig ps`` and ``metricrig clean`` read it, also when both
are long dead. It lies inside the directory it speaks of, so there is never one without the other. It is data: nothing
in it is a command, and whoever reads it believes nothing that is not of the right kind.
"""

from __future__ import annotations

import time

from metricrig._core.process_id import ProcessId, boot_id, pid_namespace

TYPE_CHECKING = False  # see wire
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Record = dict[str, Any]

FILE = "rig.json"
_END_OF_TIME = 1e12
LARGEST_RECORD = 4 << 20
"""Bytes: forty times what a rig with a thousand services needs."""

_here: dict[str, str] = {}


def blank(rig: str, *, owner: ProcessId | None, janitor: ProcessId | None) -> Record:
    """The record of a rig in which nothing runs yet."""
    if not _here:  # read once: the next order may already wait
        _here.update(boot=boot_id(), pid_namespace=pid_namespace())
    return {
        "rig": rig,
        "owner": _identity(owner),
        "janitor": _identity(janitor),
        **_here,
        "made": time.time(),
        "kept": False,
        "errand": None,
        "services": {},
    }


def service(name: str, pid: int, ports: Mapping[str, int]) -> Record:
    """The part of a record that speaks of one running service."""
    return {"name": name, "process": _identity(ProcessId.of(pid)), "ports": dict(ports)}


def write(directory: str, record: Record) -> None:
    """Write a record into its directory in one step; a directory that is gone needs none."""
    from metricrig._core.private_directory import PrivateDirectory  # noqa: PLC0415 - the janitor boots without

    try:
        with PrivateDirectory.open(directory) as held:
            held.write(FILE, text(record))
    except OSError:
        pass  # whoever reads it finds what was written before


def text(record: Record) -> bytes:
    """What is written: JSON, without the import of ``json``, which takes longer than starting a process."""
    return _encoded(record).encode("ascii")


def parse(content: bytes) -> Record:
    """What was written; ``ValueError`` says what is wrong with it."""
    import json  # noqa: PLC0415 - see above

    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - it is the content that is wrong
    for key, (kind, fits) in _FIELDS.items():
        if key not in record or not fits(record[key]):  # one without an owner would be taken for nobody's
            raise ValueError(f"its {key!r} is not {kind}")
    return record


def _identity(process: ProcessId | None) -> list[int] | None:
    return [process.pid, process.start] if process else None


def _encoded(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(str(key))}: {_encoded(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_encoded, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def _quoted(words: str) -> str:
    if words.isascii() and words.isprintable() and '"' not in words and "\\" not in words:
        return f'"{words}"'
    units = words.encode("utf-16-be", "surrogatepass")
    return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_identity(value: object) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)))  # noqa: PLR2004


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _is_service(value: object) -> bool:
    return (
        isinstance(value, dict)
        and _is_text(value.get("name"))
        and _is_identity(value.get("process", False))
        and isinstance(value.get("ports"), dict)
        and all(map(_is_number, value["ports"].values()))
    )


_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "rig": ("a name", _is_text),
    "owner": ("a process", _is_identity),
    "janitor": ("a process", _is_identity),
    "boot": ("a text", _is_text),
    "pid_namespace": ("a text", _is_text),
    "made": ("a time", lambda value: _is_number(value) or (isinstance(value, float) and 0 <= value < _END_OF_TIME)),
    "kept": ("true or false", lambda value: isinstance(value, bool)),
    "services": ("a table", lambda value: isinstance(value, dict) and all(map(_is_service, value.values()))),
}
