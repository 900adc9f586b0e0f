"""Writes the catalogue's table, ``services/__init__.py``, from what stands in the services' own files.

``make catalogue`` runs it. With ``--check`` it writes nothing, and exits with 1 if the table is not up to date.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricrig import services
from metricrig.service import Service
from metricrig.services.entry import SHARED, CatalogueEntry
from metricrig.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TABLE = Path(__file__).parents[1] / "src" / "metricrig" / "services" / "__init__.py"
BEGIN = "# What follows is written by ``make catalogue``, from the files beside this one.\n"


def main() -> int:
    """Write or check the table."""
    old = TABLE.read_text(encoding="utf-8")
    new = formatted(old.partition(BEGIN)[0] + BEGIN + "".join(lines(entries())))
    if "--check" in sys.argv:
        if old != new:
            sys.stderr.write("the catalogue's table is not up to date: make catalogue\n")
        return int(old != new)
    TABLE.write_text(new, encoding="utf-8")
    return 0


def entries() -> list[CatalogueEntry]:
    """One for each file or folder that exports a service."""
    found = []
    for each in pkgutil.iter_modules(services.__path__):
        module = importlib.import_module(f"metricrig.services.{each.name}")
        described = [value for _, value in exported(module) if is_service(value)]
        if described:
            found.append(entry(each.name, module, described[0]))
    return found


def entry(name: str, module: ModuleType, service: type[Service]) -> CatalogueEntry:
    """What is known of one service."""
    tools = [(constant, value) for constant, value in exported(module) if isinstance(value, Tool)]
    constant, tool = tools[0] if tools else ("", None)
    required = [each for each in inspect.signature(service).parameters.values() if each.default is each.empty]
    return CatalogueEntry(
        module=name,
        service=service.__name__,
        names=tuple(sorted(module.__all__)),
        tool=tool.name if tool else "",
        tool_constant=constant,
        fixture=all(each.kind is each.VAR_KEYWORD for each in required),
        shared=getattr(service, SHARED, True),
    )


def exported(module: ModuleType) -> list[tuple[str, Any]]:
    """The names of a file's ``__all__``, with what they mean."""
    return [(name, getattr(module, name)) for name in getattr(module, "__all__", ())]


def is_service(value: object) -> bool:
    """Whether it describes a server."""
    return isinstance(value, type) and issubclass(value, Service)


def lines(found: list[CatalogueEntry]) -> Iterator[str]:
    """The table as Python, imports for type checkers included."""
    yield "if TYPE_CHECKING:\n"
    for each in found:
        yield f"    from metricrig.services.{each.module} import {', '.join(each.names)}\n"
    yield "\nCATALOGUE = (\n"
    for each in found:
        yield f"    {each!r},\n"
    yield ")\n\n__all__ = [\n"
    for name in sorted(["CATALOGUE", *(name for each in found for name in each.names)]):
        yield f"    {name!r},\n"
    yield "]\n"


def formatted(text: str) -> str:
    """As the rest of the code is."""
    ruff = Path(sysconfig.get_path("scripts")) / "ruff"
    command = [str(ruff), "check", "--fix-only", "--quiet", "--select", "I,RUF022", "--stdin-filename", str(TABLE), "-"]
    text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    command = [str(ruff), "format", "--stdin-filename", str(TABLE), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
