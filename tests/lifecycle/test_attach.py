"""A server that somebody else runs: used by its URL, and never started, stopped or signalled."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from metricrig import MetricrigError, Rig, Service, UsageError, ready
from metricrig.events import ServiceAttached
from metricrig.services import Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig import Instance
    from metricrig.events import Event

NOT_OURS: dict[str, Callable[[Instance], Any]] = {
    "stop": lambda instance: instance.stop(),
    "kill": lambda instance: instance.kill(),
    "pause": lambda instance: instance.pause(),
    "resume": lambda instance: instance.resume(),
    "restart": lambda instance: instance.restart(),
    "wipe": lambda instance: instance.wipe(),
    "signal": lambda instance: instance.signal(15),
    "its end": lambda instance: instance.wait_for_end(within=1),
    "log": lambda instance: instance.logs.text(),
    "tail": lambda instance: instance.logs.tail(),
    "line": lambda instance: instance.logs.wait("x", within=1),
    "logged": lambda instance: instance.logged("x"),
    "pid": lambda instance: instance.pid,
    "resources": lambda instance: instance.resources(),
}


@pytest.fixture(scope="module")
def theirs() -> Iterator[Instance]:
    """A server of another rig: as far as the tests' rigs know, somebody else's."""
    with Rig("theirs") as rig:
        redis = rig.add(Redis(password=True))
        rig.start()
        yield redis


@pytest.mark.parametrize("what", NOT_OURS)
def test_what_only_its_owner_may_do_is_refused(theirs: Instance, rig: Rig, what: str) -> None:
    attached = rig.attach(Redis(), theirs.url)
    with pytest.raises(UsageError, match="is somebody else's server"):
        NOT_OURS[what](attached)
    assert attached.state == theirs.state == "ready"


def test_it_lives_on_when_the_rig_is_stopped_and_closed(theirs: Instance) -> None:
    pid = theirs.pid
    with Rig("ours") as rig:
        attached = rig.attach(Redis("cache"), theirs.url)
        dependent = Service(name="sleeper", command=["sleep", "60"], needs=[attached])
        rig.add(dependent)
        rig.start()
        rig.stop()
        assert (attached.state, rig["sleeper"].state) == ("ready", "stopped")
    assert attached.state == "closed"
    assert (theirs.pid, theirs.state, theirs.ended) == (pid, "ready", False)
    os.kill(pid, 0)


def test_it_is_shown_for_what_it_is_without_its_password(theirs: Instance, rig: Rig, happened: list[Event]) -> None:
    attached = rig.attach(Redis(), theirs.url)
    assert repr(attached) == f"<RedisInstance redis attached 127.0.0.1:{theirs.port}>"
    assert (attached.attached, theirs.attached) == (True, False)
    assert (attached.url, attached.secret, attached.inside.url) == (theirs.url, theirs.secret, theirs.url)
    (event,) = [each for each in happened if isinstance(each, ServiceAttached)]
    assert event.address == f"127.0.0.1:{theirs.port}"


def test_a_service_of_ones_own_is_attached_by_its_readiness(theirs: Instance, rig: Rig) -> None:
    """Nothing of its command is wanted; a command beside it runs as beside any other."""
    port = {"any": 1}
    shop = Service(name="shop", command=["no-such-program"], ports=port, ready=ready.reply(b"PING\r\n", b"-NOAUTH"))
    attached = rig.attach(shop, f"http://127.0.0.1:{theirs.port}")
    assert attached.run([sys.executable, "-c", "print({port})"]).out == f"{theirs.port}\n"
    with pytest.raises(MetricrigError, match=r"no such server can be used at http://127\.0\.0\.1"):
        rig.attach(shop.but(ready=ready.reply(b"PING\r\n", b"+PONG")), attached.url, name="other")
    assert "other" not in rig


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://127.0.0.1:1", "wanted: PONG in answer to PING"),
        ("redis://127.0.0.1:{port}", "NOAUTH"),
        ("redis://:wrong-password@127.0.0.1:{port}", r"at redis://:\*\*\*@127(.|\n)*WRONGPASS"),
        ("http://127.0.0.1:{port}", r"is no URL of one\n  what works: redis://127\.0\.0\.1:6379"),
        ("rediss://127.0.0.1:{port}", "TLS are not supported"),
        ("redis://127.0.0.1:99999", "is no URL of one"),
        ("127.0.0.1:6379", "is no URL of one"),
    ],
)
def test_what_cannot_be_reached_or_is_something_else_is_an_error(
    theirs: Instance, rig: Rig, url: str, said: str
) -> None:
    with pytest.raises(MetricrigError, match=said) as caught:
        rig.attach(Redis(), url.format(port=theirs.port))
    assert "wrong-password" not in str(caught.value)
    assert len(rig) == 0


def test_a_name_is_taken_once(theirs: Instance, rig: Rig) -> None:
    rig.add(Redis())
    with pytest.raises(UsageError, match="has a 'redis' already"):
        rig.attach(Redis(), theirs.url)
    assert rig.attach(Redis(), theirs.url, name="theirs").name == "theirs"
