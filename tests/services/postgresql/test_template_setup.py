"""Which fillings are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from metricrig import UsageError
from metricrig.services.postgresql.template_setup import template_setup

FUNCTION = """
def fill(database):
    if "x" in {"a", "b", "c", "x"}:
        database.execute("create table a (n int)")
from metricrig.services.postgresql.template_setup import template_setup
print(template_setup(fill, None).template)
"""


def identity(setup: Any = None, key: str | None = None) -> str:
    return template_setup(setup, key).identity


def one(database: object) -> str:
    return "one"


def with_default(database: object, size: int = 1) -> int:
    return size


def test_files_are_what_is_in_them(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in ("a.sql", "b.sql", "c.sql"))
    a.write_text("select 1")
    b.write_text("select 2")
    c.write_text("select 1")
    assert identity(a) == identity([a]) == identity(c)
    assert len({identity(each) for each in (None, a, b, [a, b], [b, a], [a, a])}) == 6
    before = identity(a)
    a.write_text("select 3")
    os.utime(a, ns=(1, 1))
    assert identity(a) != before
    assert identity(a, "1") != identity(a, "2")


def test_functions_are_their_names_and_code() -> None:
    before = identity(one)
    assert identity(one) == before
    assert identity(with_default) != before
    changed = identity(with_default)
    with_default.__defaults__ = (2,)
    assert identity(with_default) != changed
    with_default.__defaults__ = (1,)
    one.__code__ = (lambda _: "two").__code__
    assert identity(one) != before


def test_a_function_is_the_same_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", FUNCTION],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(3)
    }
    assert len(said) == 1


def test_plain_values_of_a_closure_count_and_others_need_a_key() -> None:
    def closing(value: object) -> Any:
        return lambda _: value

    assert identity(closing(1)) == identity(closing(1)) != identity(closing(2))
    opaques: list[Any] = [closing(object()), partial(one), "".join]
    for opaque in opaques:
        with pytest.raises(UsageError, match='isolated\\(setup, key="orders-v1"\\)'):
            identity(opaque)
        assert identity(opaque, "1") == identity(opaque, "1") != identity(opaque, "2")


def test_what_is_no_setup_is_refused(tmp_path: Path) -> None:
    for wrong in ("schema.sql", ["schema.sql"]):
        with pytest.raises(UsageError, match="setup is a Path, several Paths, or a function"):
            identity(wrong)
    with pytest.raises(FileNotFoundError):
        identity(tmp_path / "missing.sql")
