"""Fixed ports: the number that was asked for, or an error that says who has it."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator

import pytest
from support.programs import python, web

from metricrig import Fixed, PortTaken, Rig, Service, StartFailed, UsageError

EVERY_RUNTIME = True


@pytest.fixture
def free() -> int:
    """A number that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def taken() -> Iterator[int]:
    """A number that this very process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def fixed(number: int, name: str = "web") -> Service:
    return web(name).but(ports={"http": Fixed(number)})


def test_a_service_gets_this_number_again_and_again(rig: Rig, free: int) -> None:
    instance = rig.add(fixed(free))
    rig.start()
    for _ in range(2):
        assert instance.url == f"http://127.0.0.1:{free}"
        assert urllib.request.urlopen(instance.url).status == 200
        instance.restart()


def test_one_that_is_taken_is_an_error_that_says_by_whom(rig: Rig, taken: int) -> None:
    with pytest.raises(PortTaken, match=rf"port http \(127.0.0.1:{taken}\) is taken by .*\(pid \d+\)") as refused:
        rig.add(fixed(taken))
    assert (refused.value.number, refused.value.fixed, refused.value.port) == (taken, True, "http")
    assert "let the service have any free port" in str(refused.value)
    assert "web" not in rig


def test_a_service_of_another_rig_that_has_it_is_named(rig: Rig, runtime: str, free: int) -> None:
    rig.add(fixed(free, "first"))
    rig.start()
    holder = "which is first of rig test-" if runtime == "process" else "is taken by"
    with Rig("other") as other, pytest.raises(PortTaken, match=holder):
        other.add(fixed(free, "second"))


def test_one_that_is_taken_before_the_start_is_an_error_and_not_another_number(rig: Rig, free: int) -> None:
    instance = rig.add(fixed(free))
    with socket.socket() as intruder:
        intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        intruder.bind(("127.0.0.1", free))
        intruder.listen()
        with pytest.raises(StartFailed, match=f"127.0.0.1:{free}") as failed:
            rig.start()
    error = failed.value.failures["web"]
    assert isinstance(error, PortTaken)
    assert error.fixed
    assert instance.service.fixed_ports == {"http": free}


def test_two_services_of_a_rig_cannot_have_the_same(rig: Rig, free: int) -> None:
    rig.add(fixed(free, "one"))
    with pytest.raises(PortTaken, match="one of the same rig"):
        rig.add(fixed(free, "two"))


@pytest.mark.process_only("only a container has a number inside")
def test_inside_means_nothing_to_a_process(rig: Rig, free: int) -> None:
    instance = rig.add(web().but(ports={"http": Fixed(free, inside=80)}))
    rig.start()
    assert instance.inside.port == instance.port == free


def test_other_ports_stay_free_ones(rig: Rig, free: int) -> None:
    serve_two = "import threading; threading.Thread(target=serve, args=[sys.argv[2]]).start(); serve(sys.argv[1])"
    two = python("two", serve_two, "{port[a]}", "{port[b]}", ports={"a": Fixed(free), "b": 9000})
    instance = rig.add(two)
    rig.start()
    assert instance.ports["a"] == free
    assert instance.ports["b"] not in {free, 9000}


@pytest.mark.parametrize("wrong", [0, -1, 65536, "8080", 80.0, True, None])
def test_what_is_no_port_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match=r"what works: a port's number, up to 65535: Fixed\(8080\)"):
        Fixed(wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"two of its ports are Fixed\(8080\)"):
        web().but(ports={"a": Fixed(8080), "b": Fixed(8080)})


@pytest.mark.usefixtures("container_engine")
def test_a_container_listens_on_the_number_inside(free: int) -> None:
    with Rig("docker", runtime="docker") as container_rig:
        instance = container_rig.add(web().but(ports={"http": Fixed(free, inside=8080)}))
        container_rig.start()
        assert (instance.inside.port, instance.port) == (8080, free)
        assert urllib.request.urlopen(instance.url).status == 200
