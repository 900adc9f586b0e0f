"""The template that a test asks for: what fills it, and the name that follows from that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import CommandFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from metricrig.services.postgresql.database import PostgreSQLDatabase

    Setup = Path | Sequence[Path] | Callable[[PostgreSQLDatabase], object]

_PLAIN = (str, bytes, int, float, bool, type(None), Path)


@dataclass(frozen=True, slots=True)
class TemplateSetup:
    """What is done to a template, once. Equal fillings have equal identities, in every process."""

    identity: str
    fill: Callable[[PostgreSQLDatabase], object]

    @property
    def template(self) -> str:
        """The name of the finished template."""
        return f"metricrig_template_{self.identity}"

    @property
    def unfinished(self) -> str:
        """Its name until it is filled."""
        return f"metricrig_unfinished_{self.identity}"


def template_setup(setup: Setup | None, key: str | None) -> TemplateSetup:
    """The setup for what a test has given: files of SQL, a function, or nothing."""
    if setup is None:
        return TemplateSetup(_identity("nothing", key), lambda _: None)
    if callable(setup):
        return TemplateSetup(_identity("call", key, *_words_of(setup, key)), setup)
    files: list[Any] = [setup] if isinstance(setup, Path) else list(setup)
    if not all(isinstance(file, Path) for file in files):
        raise UsageError(f"setup is a Path, several Paths, or a function of the database, not {setup!r}")
    facts = [(file, file.stat()) for file in files]
    digests = [_digest(file, seen.st_mtime_ns, seen.st_size) for file, seen in facts]
    return TemplateSetup(_identity("files", key, *digests), lambda database: _run(files, database))


def _run(files: Sequence[Path], database: PostgreSQLDatabase) -> None:
    """By psql, which knows dumps: COPY with its data, and commands with a backslash."""
    for file in files:
        try:
            database.psql(file.read_text(encoding="utf-8"))
        except CommandFailed as error:
            error.add_note(f"<stdin> is {file}")
            raise


@lru_cache
def _digest(file: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _words_of(setup: Callable[..., object], key: str | None) -> Iterator[str]:
    """A function is its name and its code. What else it depends on cannot be seen: a key has to stand for it."""
    if isinstance(setup, FunctionType):
        yield f"{setup.__module__}.{setup.__qualname__}"
        yield from _code(setup.__code__)
        values = [*(setup.__defaults__ or ()), *(setup.__kwdefaults__ or {}).values()]
        values += [cell.cell_contents for cell in setup.__closure__ or ()]
        if all(isinstance(value, _PLAIN) for value in values):
            yield from map(repr, values)
            return
    if key is None:
        raise UsageError(
            f"what {setup!r} does depends on more than its code, so it cannot be told from others like it\n"
            f'  what to do: say what it makes, and change it when that changes: isolated(setup, key="orders-v1");'
            f" or give a plain function of a module"
        )


def _code(code: CodeType) -> Iterator[str]:
    """The code itself, without where it stands."""
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant)
        else:  # sets have another order in each process
            yield repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)


def _identity(*words: Any) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()[:16]
