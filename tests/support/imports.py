"""Who imports whom in the library, read from its files: nothing of it is run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = "metricrig"


@dataclass(frozen=True, slots=True)
class Import:
    """One module names another. ``for_types`` are those that only a type checker follows."""

    importer: str
    imported: str
    for_types: bool

    def __str__(self) -> str:
        return f"{self.importer} -> {self.imported}{' (for types)' if self.for_types else ''}"


def imports_below(source: Path) -> list[Import]:
    """All imports of the package's modules by each other, also those in functions."""
    files = dict(_modules(source))
    return sorted(
        {found for module, file in files.items() for found in imports_of(module, file.read_text(), files)}, key=str
    )


def imports_of(module: str, text: str, known: Iterable[str]) -> Iterator[Import]:
    """Those in one module's text."""
    tree = ast.parse(text)
    for_types = {id(node) for block in ast.walk(tree) if _is_for_types(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        for name in _named(node):
            target = next((each for each in (name, name.rpartition(".")[0]) if each in known), None)
            if target is not None and target != module:
                yield Import(module, target, id(node) in for_types)


def circles(imports: Iterable[Import]) -> list[list[str]]:
    """Groups of modules each of which leads to all others of its group."""
    below: dict[str, set[str]] = {}
    for each in imports:
        below.setdefault(each.importer, set()).add(each.imported)
    reached = {module: _reached(module, below) for module in below}
    rings = {tuple(sorted(a for a in reached if a in reached[b] and b in reached[a])) for b in reached}
    return sorted(list(ring) for ring in rings if ring)


def folder(module: str) -> str:
    """The package that a module is in."""
    return module.rpartition(".")[0]


def _reached(module: str, below: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        new = below.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _modules(source: Path) -> Iterator[tuple[str, Path]]:
    for file in (source / PACKAGE).rglob("*.py"):
        parts = file.relative_to(source).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _named(node: ast.AST) -> Iterator[str]:
    """What an import names: a module, or something in one."""
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from (f"{node.module}.{each.name}" for each in node.names)
    elif isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
