"""What a rig, a shared server and a server for the next run write is nobody's to read but their user's."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.another_user import as_stranger, only_root

from metricrig import Rig, Service, Unavailable
from metricrig._core.process_id import ProcessId
from metricrig.services import Etcd, Memcached, PostgreSQL, Prometheus, Redis, VictoriaMetrics
from metricrig.sharing import SharedRig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOK = """
import json, os, socket, sys
found = []
for path in json.loads(sys.stdin.read() if len(sys.argv) < 2 else open(sys.argv[1]).read()):
    try:
        if os.path.isdir(path):
            os.listdir(path)
        elif os.path.exists(path) and __import__("stat").S_ISSOCK(os.stat(path).st_mode):
            socket.socket(socket.AF_UNIX).connect(path)
        else:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        continue
    found.append(path)
print(json.dumps(found))
"""
SECRETIVE: list[Callable[[], Service]] = [
    lambda: Redis(password=True),
    PostgreSQL,
    VictoriaMetrics,
    Prometheus,
    Memcached,
    Etcd,
    lambda: Service(
        name="files",
        command=["sh", "-c", "umask; echo secret > made-by-the-service; echo secret; exec sleep 1000"],
        cwd="{dir}",
        files={"conf/secret.ini": "password = {secret}"},
    ),
]


@pytest.fixture
def place() -> Iterator[Path]:
    """Passable for everybody, as /tmp is; and a umask with which everybody could read what is not made private."""
    made = Path(tempfile.mkdtemp(prefix="a-place-like-tmp-"))
    made.chmod(0o1777)
    before = os.umask(0)
    yield made
    os.umask(before)
    shutil.rmtree(made)


def open_to_a_stranger(root: Path, place: Path) -> list[str]:
    """What another user can list, read or connect to, told every path: he need not guess any."""
    paths = [str(each) for each in [root, *root.rglob("*")]]
    listing = place / "listing.json"
    listing.write_text(json.dumps(paths))
    listing.chmod(0o644)
    assert len(paths) > 3
    readable: list[str] = json.loads(as_stranger(LOOK, str(listing)))
    return readable


def added(rig: Rig) -> int:
    """How many of the services are on this machine."""
    for make in SECRETIVE:
        service = make()
        try:
            rig.provide(service)
        except Unavailable:
            continue
        rig.add(service)
    return len(rig)


@only_root
def test_nobody_else_can_read_anything_of_a_rig(place: Path) -> None:
    with Rig("private", data=place) as rig:
        assert added(rig) >= 3
        rig.start()
        rig["files"].run(["sh", "-c", "cat"], stdin="secret")
        assert rig["files"].logs.wait("secret", within=10)
        assert open_to_a_stranger(place / f"metricrig-{os.geteuid()}", place) == []


@only_root
@pytest.mark.parametrize("reused", [False, True])
def test_nobody_else_can_read_the_password_of_a_shared_server(reused: bool, place: Path) -> None:
    owner = None if reused else ProcessId.of(os.getpid())
    name = f"reused-{uuid.uuid4().hex[:8]}"
    shared_rig = SharedRig.join(name, data=place, run="this", owner=owner, linger=60)
    try:
        server = shared_rig.server(Redis(password=True))
        assert server.secret in (shared_rig.directory / "redis.facts").read_text()
        assert open_to_a_stranger(place / f"metricrig-{os.geteuid()}", place) == []
    finally:
        shared_rig.dismiss()


@only_root
def test_what_is_open_is_noticed(place: Path) -> None:
    """Else the tests above could not fail."""
    with Rig("careless", data=place) as rig:
        (rig.directory / "open").write_text("x")
        (rig.directory / "open").chmod(0o644)
        (rig.directory / "listed").mkdir()
        (rig.directory / "listed").chmod(0o755)
        seen = open_to_a_stranger(place / f"metricrig-{os.geteuid()}", place)
        assert {Path(each).name for each in seen} == {"open", "listed"}
