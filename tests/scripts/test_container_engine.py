"""The tests' own engine ends with those who use it, whatever ends them: nothing of it exists afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from container_engine import Place, box_of
from support import engine
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
USER = """
import sys
from pathlib import Path
import container_engine

kind, directory = sys.argv[1], Path(sys.argv[2])
with container_engine.using(directory, getattr(container_engine, kind)()) as place:
    {}
    sys.stdin.read()
"""
"""Somebody who stays until the end of the input."""
IDLE = USER.format("print(place.path, flush=True)")
BUSY = USER.format("""
    import docker
    from support.images import build_small
    (directory / "ballast").write_text("x")
    build_small(place.url, "small:1", ballast=directory / "ballast")
    client = docker.APIClient(base_url=place.url, version="auto")
    client.create_network("neighbours")
    settings = client.create_host_config(network_mode="neighbours")
    container = client.create_container("small:1", ["sleep", "1000"], host_config=settings)
    client.start(container)
    client.pause(container)
    print(client.inspect_container(container)["State"]["Pid"], flush=True)
""")
"""Who has a paused container in a network of its own."""


@pytest.fixture(autouse=True)
def _possible() -> None:
    if why := engine.lacking():
        raise engine.lacks(why)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """With that of the engine gone at the end, whatever was in it."""
    yield tmp_path
    assert not (tmp_path / "place").exists()


def started(kind: str, directory: Path, user: str = BUSY) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "scripts")])
    return subprocess.Popen(
        [sys.executable, "-c", user, kind, str(directory)],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def place_in(directory: Path) -> Place:
    return Place(Path(eventually(lambda: text_of(directory / "place"))))


def left(place: Place) -> list[str]:
    """Processes that name it, control groups, interfaces, mounts and firewall rules of it, and its directory."""
    lines = {each: text_of(each / "cmdline") + text_of(each / "mountinfo") for each in Path("/proc").glob("[0-9]*")}
    found = [f"{each}: {text[:200]}" for each, text in lines.items() if str(place.path) in text]
    groups = os.walk("/sys/fs/cgroup")  # which minds none that goes meanwhile
    found += [f"{where}/{each}" for where, below, _ in groups for each in below if place.control_group in each]
    found += [each.name for each in Path("/sys/class/net").iterdir() if place.tag in each.name]
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout
    found += [each for each in rules.splitlines() if place.tag in each]
    return [*found, *([str(place.path)] if place.path.exists() else [])]


def text_of(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def bridges() -> set[str]:
    return {each.name for each in Path("/sys/class/net").glob("br-*")}


@pytest.mark.parametrize("kind", ["dockerd", "far_dockerd"])
def test_nothing_is_left_when_a_user_is_killed_who_has_a_paused_container(kind: str, directory: Path) -> None:
    with started(kind, directory) as user:
        assert user.stdout is not None
        pid = int(user.stdout.readline())
        place = place_in(directory)
        pid = pid if kind == "dockerd" else box_of(place)
        assert left(place)
        networks = {each for each in bridges() if each[3:].encode() in database(place)}
        assert networks or kind == "far_dockerd"
        user.send_signal(signal.SIGKILL)
    eventually(lambda: not left(place), within=60)
    assert not Path(f"/proc/{pid}").exists()
    assert not networks & bridges()


def database(place: Place) -> bytes:
    return (place.path / "data" / "network" / "files" / "local-kv.db").read_bytes()


@pytest.mark.parametrize("awaited", ["engine.pid", "dockerd.pid", "engine.sock"])
def test_nothing_is_left_when_a_user_is_killed_while_the_engine_boots(awaited: str, directory: Path) -> None:
    with started("dockerd", directory) as user:
        place = place_in(directory)
        eventually((place.path / awaited).exists, within=60)
        user.send_signal(signal.SIGKILL)
    eventually(lambda: not left(place), within=60)


def test_it_is_gone_when_its_last_user_has_left_and_not_before(directory: Path) -> None:
    with started("dockerd", directory, IDLE) as one, started("dockerd", directory, IDLE) as other:
        said = [each.stdout.readline() for each in (one, other) if each.stdout is not None]
        assert said == [f"{place_in(directory).path}\n"] * 2  # they come at once, and use the same one
        other.kill()
        other.wait()
        place = place_in(directory)
        assert Path(f"/proc/{place.pid}").exists()
        one.communicate("")
        eventually(lambda: not left(place), within=60)


def test_an_engine_that_does_not_start_says_why(directory: Path) -> None:
    with pytest.raises(Exception, match="no such option or so"), engine.using(directory, lambda _: BROKEN):
        pass


BROKEN = ["sh", "-c", "echo no such option or so; exit 1"]
