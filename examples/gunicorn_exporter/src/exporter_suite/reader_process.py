"""A program: tells how the exporter understands YAML files, each of them in a process of its own.

The exporter looks at the environment while it is imported, and remembers what it saw. A new Python for every question
would take 0.4 s, nearly all of it for what the exporter imports. So this one imports that, but not the exporter, and
forks for each question (25 ms); those with nothing in the environment are for a fork that has imported the exporter
as well, and forks again (5 ms).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Question = dict[str, Any]
Answer = dict[str, Any]
EXPORTER = "gunicorn_prometheus_exporter"
BEFORE = (
    *("gunicorn.app.base", "gunicorn.arbiter", "gunicorn.workers.gthread", "gunicorn.workers.ggevent"),
    *("gunicorn.workers.geventlet", "psutil", "redis", "yaml"),
    "wsgiref.simple_server",  # for prometheus_client, which looks at the environment itself
)


def main() -> None:
    """A line of JSON for each line of JSON, until there are no more."""
    for name in BEFORE:
        importlib.import_module(name)
    home = {"HOME": os.environ["HOME"]}
    questions, to_bare = os.pipe()
    if os.fork() == 0:
        os.close(to_bare)
        log = _import(home)
        with os.fdopen(questions) as lines:
            for line in lines:
                _in_a_fork(line, lambda question: _read(question, log))
        return
    os.close(questions)
    with os.fdopen(to_bare, "w") as bare:
        for line in sys.stdin:
            if json.loads(line)["environ"]:
                _in_a_fork(line, lambda question: _read(question, _import({**home, **question["environ"]})))
            else:
                print(line, end="", file=bare, flush=True)


def _in_a_fork(line: str, answer: Callable[[Question], Answer]) -> None:
    child = os.fork()
    if child == 0:
        try:
            print(json.dumps(answer(json.loads(line))), flush=True)
        except BaseException:  # noqa: BLE001 - whatever it is, it must not go on in the loop of the parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        print(json.dumps({"failed": os.waitstatus_to_exitcode(status)}), flush=True)


def _import(environ: dict[str, str]) -> io.StringIO:
    """Import the exporter in this environment; returns where it logs, from then on too."""
    os.environ.clear()
    os.environ.update(environ)
    with contextlib.redirect_stderr(io.StringIO()) as log:
        importlib.import_module(EXPORTER)
    return log


def _read(question: Question, log: io.StringIO) -> Answer:
    imported = log.tell()
    values: dict[str, Any] = {}
    error = None
    try:
        _call(**question)
    except Exception as problem:  # noqa: BLE001 - that is the answer
        error = f"{type(problem).__name__}: {problem}"
    else:
        values = _values()
    logged = {"importing": log.getvalue()[:imported], "log": log.getvalue()[imported:]}
    return {"environ": dict(os.environ), "values": values, "error": error, **logged}


def _call(*, call: str, path: str, overrides: dict[str, str], environ: dict[str, str]) -> None:
    del environ  # it is the process's by now
    config = sys.modules[EXPORTER + ".config"]
    if call == "initialize":
        config.initialize_config(config_file=path, **overrides)
    else:
        config.load_yaml_config(path)
    if call == "start":  # as its hooks do
        config.initialize_config()


def _values() -> dict[str, Any]:
    config = sys.modules[EXPORTER + ".config"].ExporterConfig
    names = [name for name, what in vars(config).items() if isinstance(what, property) and name != "is_sidecar"]
    return {name: _value(config(), name) for name in names}


def _value(config: Any, name: str) -> Any:
    try:
        return getattr(config, name)
    except ValueError as problem:
        return f"ValueError: {problem}"


if __name__ == "__main__":
    main()
