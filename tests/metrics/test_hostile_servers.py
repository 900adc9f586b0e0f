"""Whatever a server does, whoever asks it gets an error of ours, by the deadline, and in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from support import hostile_client
from support.hostile_server import HOSTILITIES, hostile_server

WITHIN = 0.4
SLACK = 5.0
"""Seconds for a slow machine."""
MOST = 100 << 20

# What is no harm to somebody: bytes are all that a download wants, and who asks for no metric may get any page.
HARMLESS = {
    "download": {
        "gzip of garbage",
        "deep JSON",
        "negative length",
    },
    "repeated write": {"deep JSON"},
    "probe of a metric": {"no TLS where it is asked for"},  # it never is
}


class Client:
    """A process of its own that does one thing."""

    def __init__(self, thing: str) -> None:
        environment = {**os.environ, "METRICRIG_DOWNLOAD_LIMIT": "8", "NO_PROXY": "127.0.0.1"}
        self.process = subprocess.Popen(
            [sys.executable, Path(hostile_client.__file__), thing, str(WITHIN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def tell(self, url: str) -> dict[str, Any]:
        """What happens at a URL."""
        into, out = self.process.stdin, self.process.stdout
        assert into is not None
        assert out is not None
        print(url, file=into, flush=True)
        seen: dict[str, Any] = json.loads(_line(out))
        return seen

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", params=list(hostile_client.THINGS))
def thing(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def client(thing: str) -> Iterator[Client]:
    process = Client(thing)
    yield process
    process.close()


@pytest.mark.parametrize("hostility", HOSTILITIES)
def test_a_hostile_server_ends_nothing_but_the_wait_for_it(thing: str, client: Client, hostility: str) -> None:
    kind = HOSTILITIES[hostility]
    with hostile_server(kind) as port:
        seen = client.tell(f"{'https' if kind.secure else 'http'}://127.0.0.1:{port}/")
    if path := os.environ.get("HOSTILE_SERVERS_FIGURES"):
        with Path(path).open("a", encoding="utf-8") as file:
            print(json.dumps({"thing": thing, "hostility": hostility, **seen}), file=file)
    assert seen["ours"], seen
    assert seen["seconds"] < WITHIN + SLACK, seen
    assert seen["grown"] < MOST, seen
    assert seen["error"] or hostility in HARMLESS.get(thing, ()), seen


def _line(out: IO[str]) -> str:
    line = out.readline()
    assert line, "the client has died"
    return line
