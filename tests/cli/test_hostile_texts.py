"""What others have said commands no terminal: through every command, and in the text of every error."""

from __future__ import annotations

import http.server
import importlib
import inspect
import json
import os
import pkgutil
import pty
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.owners import command

import metricrig
from metricrig import MetricrigError, UsageError
from metricrig._core.errors import Refusal, described
from metricrig._core.printable import printable

TITLE, CLEAR, BELL, BACKWARDS = "\x1b]0;owned\x07", "\x1b[2J", "\x07", "\u202e"
HOSTILE = f"a{TITLE}{CLEAR}{BACKWARDS}[red]b\udc80\r\x9bz"


def harmless(shown: str) -> None:
    """Nothing of it is there as it came."""
    for each in (TITLE, CLEAR, BELL, BACKWARDS, "\udc80", "\x9b", "\x1b]"):
        assert each not in shown, (each, shown)


def test_control_characters_are_written_out_and_the_rest_stays() -> None:
    assert printable("plain text") == "plain text"
    assert printable("tabs\tand\nlines, äöü, 日本, 👩‍🚀") == "tabs\tand\nlines, äöü, 日本, 👩‍🚀"
    assert printable("\x1b[31mred\x00\x7f\u202e\udcff\r\n\rx") == "\\x1b[31mred\\x00\\x7f\\u202e\\udcff\n\\rx"
    harmless(printable(HOSTILE))


def error_classes() -> list[type[MetricrigError]]:
    """Every one that there is."""
    for module in pkgutil.walk_packages(metricrig.__path__, "metricrig."):
        if "__main__" not in module.name and "boot" not in module.name and "docker" not in module.name:
            importlib.import_module(module.name)
    found, waiting = [], [MetricrigError]
    while waiting:
        found.append(waiting.pop())
        waiting += found[-1].__subclasses__()
    return [each for each in found if each.__module__.startswith("metricrig")]


def hostile_arguments(kind: type[MetricrigError]) -> dict[str, Any]:
    """Something hostile for each parameter of a constructor."""
    _, *parameters = inspect.signature(kind.__init__).parameters.values()
    named = [each for each in parameters if each.kind is not each.VAR_POSITIONAL]
    return {each.name: hostile(str(each.annotation)) for each in named}


BY_ANNOTATION: list[tuple[str, Any]] = [
    ("Mapping[str, BaseException]", {HOSTILE: ValueError(HOSTILE), "ours": UsageError(HOSTILE)}),
    ("Refusal", [Refusal(HOSTILE, HOSTILE)]),
    ("Exception", ValueError(HOSTILE)),
    ("Sequence", [HOSTILE]),
    ("tuple", (HOSTILE,)),
    ("list", [HOSTILE]),
    ("Mapping", {HOSTILE: HOSTILE}),
    ("bool", False),
    ("bytes", HOSTILE.encode(errors="replace")),
    ("int", 1),
    ("float", 1.0),
    ("Any", printable),
]


def hostile(annotation: str) -> Any:
    """Something of this type that is as hostile as it can be."""
    return next((value for words, value in BY_ANNOTATION if words in annotation), HOSTILE)


def test_no_error_brings_it_to_a_terminal() -> None:
    classes = error_classes()
    assert len(classes) > 15
    tried = 0
    for kind in classes:
        arguments = hostile_arguments(kind)
        try:
            error = kind(**arguments) if arguments else kind(HOSTILE)
        except (TypeError, AttributeError, ValueError, KeyError):
            continue  # it is made of more than texts
        tried += 1
        harmless(str(error))
        harmless(described(error))
        if "log_tail" in arguments:
            assert error.log_tail == HOSTILE  # type: ignore[attr-defined]
    assert tried > 12


class HostileServer(http.server.BaseHTTPRequestHandler):
    """Answers everything with it."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        text = HOSTILE.encode(errors="replace")
        if self.path.startswith("/metrics"):
            self.send_response(200)
            body = b"# HELP up " + text.replace(b"\r", b"") + b'\nup{name="' + text.replace(b"\r", b"") + b'"} 1\n'
        elif "/api/v1/query" in self.path:
            self.send_response(200)
            metric = {"__name__": "up", "name": HOSTILE.replace("\udc80", "")}
            ranged = "query_range" in self.path
            sample: dict[str, Any] = {"values": [[1, "1"], [2, "3"]]} if ranged else {"value": [1, "1"]}
            kind = "matrix" if ranged else "vector"
            result = {"resultType": kind, "result": [{"metric": metric, **sample}]}
            body = json.dumps({"status": "success", "data": result}).encode()
        else:
            self.send_response(500, "Hostile \x1b[2J\x1b]0;owned\x07")
            body = text
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as http.server wants it

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), HostileServer) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()


@pytest.fixture
def planted(foreign_root: Path) -> Path:
    """A rig of this user whose names are hostile, as a service may make it, and programs that say hostile things."""
    root = foreign_root / f"metricrig-{os.geteuid()}"
    root.mkdir(mode=0o700)
    directory = root / f"evil{TITLE}{CLEAR}{BACKWARDS}-1f03a9c2"
    directory.mkdir(mode=0o700)
    record = {
        "rig": HOSTILE,
        "kept": False,
        "boot": "x",
        "owner": None,
        "janitor": None,
        "pid_namespace": "x",
        "made": 1.0,
    }
    services = {"1": {"name": HOSTILE, "process": None, "ports": {HOSTILE: 1}}}
    (directory / "rig.json").write_text(json.dumps({**record, "services": services}))
    program = foreign_root / "redis-server"
    program.write_text(f"#!/bin/sh\nprintf '%s' 'v=7.0.15 {TITLE}{CLEAR}'\n")
    program.chmod(0o755)
    return foreign_root


def on_a_terminal(*words: str, **env: str) -> str:
    """What a person sees who types this."""
    ours, theirs = pty.openpty()
    program = command(*words)
    process = subprocess.Popen(
        program, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, env={**os.environ, **env}
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            block = os.read(ours, 1 << 16)
        except OSError:  # nobody has the other end any more
            break
        if not block:
            break
        seen += block
    os.close(ours)
    process.wait(60)
    return seen.decode("utf-8", errors="surrogateescape")


NAME = HOSTILE.replace("\udc80", "")
COMMANDS = [
    ("ps",),
    ("ps", NAME),
    ("clean", "--dry-run"),
    ("clean", "--dry-run", NAME),
    ("logs", NAME),
    ("logs", "shop", NAME),
    ("tools", "list"),
    ("tools", "where", "redis"),
    ("tools", "where", NAME),
    ("tools", "install", NAME),
    ("query", "SERVER", NAME),
    ("query", "SERVER", NAME, "--start", "1", "--end", "2", "--step", "1s"),
    ("query", "SERVER/nothing", NAME),
    ("query", "SERVER", "up", "--at", NAME),
    ("scrape", "SERVER"),
    ("scrape", "SERVER", "up"),
    ("scrape", "SERVER", NAME),
    ("scrape", "SERVER/nothing"),
    ("scrape", NAME),
    ("push", "SERVER/write", "m", "1", "--path", "/x"),
    ("push", "SERVER", "m", "1", "--label", NAME),
    ("--debug", "scrape", "SERVER/nothing"),
    (NAME,),
    ("ps", f"--{NAME}"),
]


@pytest.mark.parametrize(
    "words", COMMANDS, ids=lambda words: printable(" ".join(words)).replace(printable(NAME), "NAME")
)
def test_no_command_brings_it_to_a_terminal(words: tuple[str, ...], planted: Path, server: str) -> None:
    path = f"{planted}:{os.environ['PATH']}"
    shown = on_a_terminal(*(each.replace("SERVER", server) for each in words), PATH=path, METRICRIG_OFFLINE="1")
    assert shown.strip()
    harmless(shown)


def test_doctor_neither(planted: Path) -> None:
    path, cache = f"{planted}:{os.environ['PATH']}", str(planted / f"cache{TITLE}{CLEAR}")
    harmless(on_a_terminal("doctor", "-v", PATH=path, METRICRIG_CACHE=cache, METRICRIG_OFFLINE="1"))
