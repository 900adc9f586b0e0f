"""Fetching for a test is seen while it goes on, and counted apart."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.release_host import program, release_host, tar_gz
from support.suites import Suite
from support.waiting import eventually

from metricrig.pytest_plugin import fetch_display
from metricrig.pytest_plugin.fetch_display import FetchDisplay
from metricrig.pytest_plugin.fetch_news import News
from metricrig.pytest_plugin.worker_channel import WorkerInbox, send
from metricrig.tools import Release
from metricrig.tools.sources.release_archive import asset_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UPSTREAM = "https://upstream.invalid/{version}"
RELEASE = Release(f"{UPSTREAM}/acme-{{os}}-{{arch}}.tar.gz", f"{UPSTREAM}/sha256sums.txt")
SUITE = """
    from metricrig import Service
    from metricrig.pytest import service
    from metricrig.tools import Release, Tool

    UPSTREAM = "https://upstream.invalid/{version}"
    ACME = Tool(
        name="acme", executables=("acme",), supported=">=1", preferred="1.2.3",
        release=Release(f"{UPSTREAM}/acme-{{os}}-{{arch}}.tar.gz", f"{UPSTREAM}/sha256sums.txt"),
    )
    acme = service(Service(name="acme", tool=ACME, command=["sleep", "1000"]), shared=False)

    def test_first(acme): print("printed by the test")

    def test_second(acme): pass
"""


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A cache that is empty, and a host that has the tool."""
    with release_host() as host:
        asset = asset_of(RELEASE, "1.2.3", sys.platform, os.uname().machine)
        names = [each.removeprefix("https://upstream.invalid") for each in (asset.archive, asset.checksums)]
        content = tar_gz(("acme", program("acme v1.2.3"), 0o755), ("ballast", os.urandom(300_000), 0o644))
        host.publish(names[0], content, names[1])
        yield {"METRICRIG_CACHE": str(tmp_path / "cache"), "METRICRIG_MIRROR": host.url}


@pytest.mark.parametrize("words", [("-q",), ("-p", "xdist.plugin", "-n", "2", "-q"), ("-s",)])
def test_a_fetch_has_a_line_at_its_begin_and_at_its_end(
    tmp_path: Path, env: dict[str, str], words: tuple[str, ...]
) -> None:
    ran = Suite(files={"test_it": SUITE}, words=words, env=env).run(tmp_path)
    lines = [line for line in ran.out.splitlines() if line.startswith("metricrig: ")]
    assert any(line.startswith("metricrig: acme: downloading ") for line in lines), ran.out
    assert any(line.startswith("metricrig: acme 1.2.3, from release, fetched in ") for line in lines)
    assert ", 1 fetched in " in ran.summary()[-1] or any(", 1 fetched in " in line for line in lines)
    assert set(ran.outcomes().values()) == {"passed"}


def test_what_is_there_already_is_no_fetch(tmp_path: Path, env: dict[str, str]) -> None:
    suite = Suite(files={"test_it": SUITE}, env=env)
    suite.run(tmp_path)
    again = suite.run(tmp_path)
    assert "downloading" not in again.out
    assert "fetched" not in again.out


def said_on_a_terminal(suite: Suite, tmp_path: Path) -> str:
    """All that a session says to a terminal, each change of a line after a carriage return."""
    suite.write(tmp_path)
    ours, theirs = pty.openpty()
    said: list[bytes] = []

    def read() -> None:
        try:
            while piece := os.read(ours, 65536):
                said.append(piece)
        except OSError:  # nobody has the other end any more
            pass

    reader = threading.Thread(target=read)
    reader.start()
    with subprocess.Popen(
        suite.command(), cwd=tmp_path, env=suite.environment(tmp_path), stdin=theirs, stdout=theirs, stderr=theirs
    ) as session:
        os.close(theirs)
    reader.join()
    os.close(ours)
    text = b"".join(said).decode()
    assert session.returncode == 0, text
    return text


def test_on_a_terminal_it_is_one_live_line(tmp_path: Path, env: dict[str, str]) -> None:
    text = said_on_a_terminal(Suite(files={"test_it": SUITE}, words=("-q",), env={**env, "COLUMNS": "100"}), tmp_path)
    assert "\rmetricrig: acme: downloading " in text
    assert "\rmetricrig: acme 1.2.3, from release, fetched in " in text


LOADED = """
    from metricrig import load

    def buy(): ...

    def test_load(): load.open_loop(buy, rate=20, for_="2500ms")
"""


def test_load_is_a_live_line_on_a_terminal_and_nothing_in_a_log(tmp_path: Path) -> None:
    suite = Suite(files={"test_it": LOADED}, words=("-q",), env={"COLUMNS": "120"})
    text = said_on_a_terminal(suite, tmp_path)
    assert re.search(r"\rmetricrig: buy: \d+/s, \d+ calls, 0 failed, \d+ under way, p50 [\d.]+ \w+, p99 ", text), text
    assert "\rmetricrig: buy: 50 calls in 2.5 s" in text
    assert "metricrig: buy" not in suite.run(tmp_path).out


class Screen:
    """What pytest's terminal reporter can do of what is needed."""

    isatty = False

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._tw = SimpleNamespace(fullwidth=40)

    def write_line(self, line: str) -> None:
        self.lines.append(line)

    def flush(self) -> None:
        pass


def display(screen: Screen) -> FetchDisplay:
    plugins = {"terminalreporter": screen, "capturemanager": None}
    config = SimpleNamespace(pluginmanager=SimpleNamespace(getplugin=plugins.get))
    return FetchDisplay(cast("Any", config))


def test_between_begin_and_end_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(fetch_display, "time", SimpleNamespace(monotonic=lambda: now[0]))
    shown = display(screen := Screen())
    shown.show(News("etcd", "fails", "etcd: not from path"))
    shown.show(News("acme", "begins", "acme: downloading"))
    for second in range(12):
        now[0] = 100.0 + second
        shown.show(News("acme", "goes on", f"acme: {second}"))
    shown.show(News("acme", "ends", "acme: there"))
    assert screen.lines == [
        "metricrig: acme: downloading",
        "metricrig: acme: 5",
        "metricrig: acme: 10",
        "metricrig: acme: there",
    ]


def test_a_source_that_breaks_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = display(screen := Screen())
    for kind, line in (("begins", "a"), ("fails", "b"), ("begins", "c"), ("ends", "d")):
        shown.show(News("acme", kind, line))
    assert screen.lines == [f"metricrig: {each}" for each in "abcd"]


def test_news_arrive_and_nonsense_is_ignored() -> None:
    arrived: list[News] = []
    inbox = WorkerInbox(arrived.append)
    address = inbox.address
    try:
        send(address, News("acme", "begins", "x" * 10_000))
        send(address, cast("Any", SimpleNamespace(name=None, kind=1, line="")))
        send(address, News("acme", "ends", "there"))
        eventually(lambda: len(arrived) > 1)
    finally:
        inbox.close()
    assert arrived[0] == ("acme", "begins", "x" * 512)
    assert arrived[-1] == News("acme", "ends", "there")
    send(address, News("acme", "ends", "nobody hears it, and nobody minds"))
