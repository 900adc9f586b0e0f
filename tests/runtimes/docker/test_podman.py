"""The same with Podman, which speaks the same language with an accent."""

from __future__ import annotations

import socket
import urllib.request
from typing import TYPE_CHECKING

import pytest
from support import engines
from support.programs import python, sleeper, web

from metricrig import Instance, Rig, ServiceDied, StartFailed, Unavailable, ready
from metricrig.runtimes.docker.engine.connection import engine
from metricrig.services import PostgreSQL, Redis

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with engines.podman(engines.shared(tmp_path_factory)) as url:
        yield url


@pytest.fixture
def boxes(pod: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("DOCKER_HOST", pod)
    with Rig("boxes", runtime="docker") as rig:
        yield rig
    assert not rig.directory.exists()


def failure_of(rig: Rig, instance: Instance) -> BaseException:
    with pytest.raises(StartFailed) as failure:
        rig.start()
    return failure.value.failures[instance.name]


def test_servers_start_stop_and_find_each_other(boxes: Rig) -> None:
    redis, pg = boxes.add(Redis()), boxes.add(PostgreSQL())
    shop, visitor = boxes.add(web("shop")), boxes.add(sleeper("visitor"))
    boxes.start()
    assert str(engine()).startswith("Podman ")
    assert visitor.run(["curl", "-s", shop.inside.url]).out.startswith("hello from")
    assert urllib.request.urlopen(shop.url, timeout=10).status == 200
    pg.psql("CREATE TABLE jobs AS SELECT 7 AS number; CHECKPOINT")
    pg.kill()
    pg.start()
    assert pg.psql("SELECT number FROM jobs") == "7"
    assert redis.resources().processes == 1
    redis.pause()
    redis.resume()
    redis.restart()
    assert redis.state == "ready"


def test_what_an_image_and_a_user_are_is_understood(boxes: Rig) -> None:
    clerk = boxes.add(sleeper(user="clerk"))
    boxes.start()
    assert clerk.run(["sh", "-c", "id -u; id -g; cat"], stdin="input").out == "4711\n4712\ninput"
    assert boxes.add(Redis()).run(["cat", "/proc/self/comm"]).out == "cat\n"


def test_deaths_and_refusals_are_told(boxes: Rig) -> None:
    dying = boxes.add(python("dying", "print('last words'); sys.exit(3)", ports={"http": 80}, start_within=60))
    died = failure_of(boxes, dying)
    assert isinstance(died, ServiceDied)
    assert (died.how, died.log_tail) == ("exited with 3", "last words")
    absent = sleeper("absent").but(command=["no-such-program"], ready=ready.log("a line that never comes"))
    instance = boxes.add(absent)
    with pytest.raises(Unavailable, match="No such file"):
        instance.start()


def test_a_port_that_somebody_takes_meanwhile_is_left_to_him(boxes: Rig) -> None:
    shop = boxes.add(web("shop", env=lambda at: {"WHERE": at.address()}))
    number = shop._state.site.outside.port
    boxes._runtimes.main.unreserve(shop._state.site)
    with socket.create_server(("127.0.0.1", number)):
        boxes.start()
        assert shop.port != number
