"""``logs`` of the rigs of other processes: merged, followed to their ends, and quiet at Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from cli.owners import command
from support.programs import python
from support.waiting import eventually

from metricrig import Rig, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.owners import Said

pytestmark = pytest.mark.usefixtures("foreign_root")

_SAY = """
import datetime
signal.signal(signal.SIGUSR1, lambda *_: print("once more", flush=True))
for word in sys.argv[1:]:
    print(datetime.datetime.now(datetime.UTC).isoformat(), word, flush=True); time.sleep(0.01)
while True: signal.pause()
"""


def speaker(name: str, *words: str) -> Service:
    return python(name, _SAY, *words, ready=lambda instance: instance.logged(re.escape(words[-1])))


@pytest.fixture
def shop(foreign_root: Path) -> Rig:
    """A rig with two services that speak; closed by the test, or with it."""
    del foreign_root
    rig = Rig("shop")
    rig.add(speaker("first", "one", "two"))
    rig.add(speaker("second", "three", "\x1b[31mfour"))
    return rig


def test_logs_of_all_services_are_merged_with_their_times(shop: Rig, metricrig: Callable[..., Said]) -> None:
    with shop:
        shop.start(shop["first"])
        shop.start()
        said = metricrig("logs", "shop")
        assert said.code == 0, said.err
        lines = said.out.splitlines()
        assert [line.split()[-1] for line in lines] == ["one", "two", "three", r"\x1b[31mfour"]
        assert all(re.match(r" \d\d:\d\d:\d\d\.\d{3} (first |second) \| ", line) for line in lines), lines
        assert "\x1b" not in said.out
        one = metricrig("logs", shop.id, "second", "--tail", "1", "--json")
        (line,) = map(json.loads, one.out.splitlines())
        assert (line["rig"], line["service"], line["own_time"]) == (shop.id, "second", True)
        assert line["line"].endswith("\x1b[31mfour")
        assert metricrig("logs", "shop", "--since", "2099-01-01T00:00:00Z").out == ""
        assert len(metricrig("logs", "shop", "--since", "1h").out.splitlines()) == 4


def test_what_is_not_there_is_said(shop: Rig, metricrig: Callable[..., Said]) -> None:
    with shop:
        shop.start()
        said = metricrig("logs", "ship")
        assert (said.code, said.out) == (1, "")
        assert "no live rig 'ship'; there is: " in said.err
        assert shop.id in said.err
        said = metricrig("logs", "shop", "third")
        assert (said.code, said.out) == (1, "")
        assert f"no service 'third' in {shop.id}; it has: first, second" in said.err
    assert metricrig("logs", shop.id).code == 1
    assert metricrig("logs", "--since", "soon").code == 2


def follow(*words: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("logs", "-f", *words),
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm"},
    )


def test_what_is_followed_ends_with_the_rig_and_has_what_came_meanwhile(shop: Rig) -> None:
    with shop:
        shop.start(shop["first"])
        following = follow("shop")
        assert following.stdout is not None
        lines = [following.stdout.readline()]
        shop.start()
        lines += [
            following.stdout.readline() for _ in range(3)
        ]  # of a log that it has not opened it would know nothing
        shop["second"].signal(signal.SIGUSR1)
        shop["second"].logs.wait("once more")
    lines += following.stdout.readlines()
    _, err = following.communicate(timeout=60)
    assert (following.returncode, err) == (0, b"")
    words = [line.split()[-1].decode() for line in lines]
    assert words == ["one", "two", "three", r"\x1b[31mfour", "more"]


def test_ctrl_c_ends_it_without_a_word(shop: Rig) -> None:
    with shop:
        shop.start()
        following = follow("shop")
        assert following.stdout is not None
        for _ in range(4):
            following.stdout.readline()
        following.send_signal(signal.SIGINT)
        out, err = following.communicate(timeout=60)
    assert (following.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("colours", [True, False])
def test_a_terminal_gets_a_colour_for_each_service_unless_nobody_wants_any(
    shop: Rig, colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    with shop:
        shop.start()
        ours, theirs = pty.openpty()
        following = follow("shop", stdout=theirs)
        os.close(theirs)
        seen = b""

        def complete() -> bool:
            nonlocal seen
            seen += os.read(ours, 4096)
            return b"[31mfour" in seen

        eventually(complete, within=60)
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=60)
        os.close(ours)
    assert (b"\x1b[36m" in seen, b"\x1b[33m" in seen) == (colours, colours)
    assert b"\x1b[31m" not in seen
