"""Data directories of PostgreSQL, copied from a template.

``initdb`` takes most of a second; a copy of what it made takes a few milliseconds. The template lies in the cache,
one for each program and set of options. Its password is a placeholder that is replaced in each copy.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import shutil
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import cache_root, writing_cache
from metricrig._core.errors import MetricrigError
from metricrig._core.private_directory import open_below, write_private
from metricrig._core.tree_copy import copy_tree
from metricrig.services.postgresql.scram import ITERATIONS, Keys

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.service import Workbench

_VERIFIER = re.compile(rb"SCRAM-SHA-256\$4096:[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}")
_NEIGHBOURS = "host all all all scram-sha-256\n"
"""In a private network others come from its addresses, and from an engine's own address those who are let in there; a
server that listens on 127.0.0.1 has no other neighbours."""
_ROLES = "global/1260"
"""The table pg_authid; its number is the same in every version."""


def fill(bench: Workbench, options: tuple[str, ...]) -> None:
    """Put a data directory into the instance's directory, with the instance's own password."""
    data = bench.directory / "data"
    copy_tree(_template(bench, options), data, owner=bench.unprivileged)
    roles = data / _ROLES
    # initdb has stored exactly one password, checksums of pages are off, and the new text has the old length:
    # it can be replaced where it stands. Asking the server to do it would cost more than its whole start.
    with os.fdopen(open_below(data, _ROLES, os.O_RDWR), "r+b") as file:
        patched, count = _VERIFIER.subn(lambda _: verifier(bench.at.secret), file.read())
        file.seek(0)
        file.write(patched)
    if not count:
        raise MetricrigError(f"{bench.at.name}: no password to replace in {roles}; remove {_home()} and try again")


def verifier(password: str) -> bytes:
    """What PostgreSQL stores of a password: RFC 5803."""
    salt = secrets.token_bytes(16)
    keys = Keys.of(password, salt)
    salt_text, stored, server = (base64.b64encode(part).decode() for part in (salt, keys.stored, keys.server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt_text}${stored}:{server}".encode()


def _home() -> Path:
    return cache_root() / "postgresql-templates"


def _template(bench: Workbench, options: tuple[str, ...]) -> Path:
    """The template for this program and these options; made by the first who asks, while the others wait."""
    made = _home() / _key(bench, options)
    if made.is_dir():
        return made
    from filelock import FileLock  # noqa: PLC0415 - only the first time

    with writing_cache(f"the template of {bench.at.name}'s data"):
        _home().mkdir(parents=True, exist_ok=True)
        (_home() / f"{made.name}.lock").touch()
    with FileLock(f"{made}.lock"):
        if not made.is_dir():
            _make(bench, options, made)
    return made


def _key(bench: Workbench, options: tuple[str, ...]) -> str:
    words = [bench.at.identity, bench.at.version, _NEIGHBOURS, *options]
    digest = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return f"{bench.at.version}-{digest[:16]}"


def _make(bench: Workbench, options: tuple[str, ...], made: Path) -> None:
    """Run initdb in the instance's directory, then move the result into the cache in one step."""
    inside, fresh, password = bench.at.dir, bench.directory / "template", bench.directory / "password"
    write_private(str(password), secrets.token_urlsafe(18).encode(), owner=bench.unprivileged)
    unchecked = ["--no-data-checksums"] if bench.at.at_least("18") else []
    words = ["initdb", "-D", f"{inside}/{fresh.name}", f"--pwfile={inside}/{password.name}"]
    words += ["--username=postgres", "--auth=scram-sha-256"]
    staging = made.with_name(f"{made.name}.staging")
    try:
        bench.run([*words, "--no-sync", *unchecked, *options])
        with os.fdopen(open_below(fresh, "pg_hba.conf", os.O_WRONLY | os.O_APPEND), "a", encoding="utf-8") as rules:
            rules.write(_NEIGHBOURS)
        shutil.rmtree(staging, ignore_errors=True)
        with bench.adopting(staging):
            copy_tree(fresh, staging, owner=None)
            staging.rename(made)
    finally:
        password.unlink()
        shutil.rmtree(fresh, ignore_errors=True)
