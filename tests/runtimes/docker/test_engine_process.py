"""Containers that end although somebody waits for them: said at once, and why."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import docker
import pytest
from support.programs import python, sleeper
from support.waiting import eventually

from metricrig import Instance, Rig, ServiceDied, StartFailed, Unavailable, ready
from metricrig.runtimes.docker.engine_process import end_in_words, status_of
from metricrig.service import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 30.0
"""Seconds; the waits that are ended would take 60."""


@pytest.fixture
def boxes(container_engine: str) -> Iterator[Rig]:
    assert container_engine
    with Rig("boxes", runtime="docker") as rig:
        yield rig


@pytest.fixture
def client(container_engine: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=container_engine, version="auto")
    yield client
    client.close()


def identity_of(instance: Instance, client: docker.APIClient) -> str:
    return str(client.containers(filters={"label": f"metricrig.rig={instance.rig}"})[0]["Id"])


def test_a_container_removed_by_somebody_else_ends_the_wait(boxes: Rig, client: docker.APIClient) -> None:
    instance = boxes.add(python("x", "print('last words'); time.sleep(1000)", ready=ready.log("words")))
    boxes.start()
    removed: list[float] = []

    def remove() -> None:
        client.remove_container(identity_of(instance, client), force=True)
        removed.append(time.monotonic())

    thread = threading.Timer(0.2, remove)
    thread.start()
    with pytest.raises(ServiceDied, match="x was removed by somebody else while waiting for") as failure:
        instance.wait(ready.log("never"), within=60)
    noticed = time.monotonic()
    thread.join()
    assert noticed - removed[0] < AT_ONCE
    assert failure.value.log_tail == "last words"
    instance.start()
    assert instance.state == "ready"


def test_a_container_killed_by_somebody_else_ends_the_wait(boxes: Rig, client: docker.APIClient) -> None:
    instance = boxes.add(sleeper())
    boxes.start()
    killed: list[float] = []

    def kill() -> None:
        client.kill(identity_of(instance, client))
        killed.append(time.monotonic())

    thread = threading.Timer(0.2, kill)
    thread.start()
    with pytest.raises(ServiceDied, match="sleeper was killed by SIGKILL while waiting for"):
        instance.wait(ready.log("never"), within=60)
    noticed = time.monotonic()
    thread.join()
    assert noticed - killed[0] < AT_ONCE


def test_a_container_that_wants_too_much_memory_says_so(boxes: Rig) -> None:
    greedy = "print('eating', time.time()); x = []\nwhile True: x.append(bytearray(1 << 20))"
    boxes.add(python("greedy", greedy, ports={"http": 80}, limits=Limits(memory=64 << 20)))
    with pytest.raises(StartFailed) as failure:
        boxes.start()
    error = failure.value.failures["greedy"]
    assert isinstance(error, ServiceDied)
    assert error.how == "was killed by SIGKILL: it wanted more memory than its limit of 64 MiB"
    assert "eating" in error.log_tail


def test_a_container_that_exits_at_once_fails_its_start_at_once(boxes: Rig) -> None:
    boxes.add(python("brief", "print('no', time.time()); sys.exit(3)", ports={"http": 80}, start_within=60))
    with pytest.raises(StartFailed) as failure:
        boxes.start()
    noticed = time.time()
    error = failure.value.failures["brief"]
    assert isinstance(error, ServiceDied)
    assert error.how == "exited with 3"
    said_no = float(error.log_tail.split()[1])
    assert noticed - said_no < AT_ONCE


def test_a_program_that_is_not_in_the_image_is_named(boxes: Rig) -> None:
    # Without a probe it would be ready before the container's init has tried to execute it.
    boxes.add(sleeper().but(command=["no-such-program"], ready=ready.log("a line that never comes")))
    with pytest.raises(StartFailed) as failure:
        boxes.start()
    error = failure.value.failures["sleeper"]
    assert isinstance(error, Unavailable)
    assert "no-such-program" in str(error)


def test_processors_are_limited(boxes: Rig, client: docker.APIClient) -> None:
    instance = boxes.add(sleeper(limits=Limits(cpus=0.5)))
    boxes.start()
    facts = client.inspect_container(identity_of(instance, client))
    assert facts["HostConfig"]["NanoCpus"] == 500_000_000


def test_a_process_cannot_be_held_to_limits() -> None:
    with (
        Rig("plain") as rig,
        pytest.raises(Unavailable, match="held to none but that of its disk"),
    ):
        rig.add(sleeper(limits=Limits(cpus=0.5)))


def test_a_command_runs_before_the_service_does(boxes: Rig) -> None:
    """In a container of its own, with the same directory; its input and both outputs are its own."""
    instance = boxes.add(sleeper())
    done = instance.run(["sh", "-c", "cat; pwd; echo oops >&2; exit 4"], stdin="from the test\n", check=False)
    assert (done.status, done.out, done.err) == (4, f"from the test\n{instance.dir}\n", "oops\n")


def test_pauses_are_the_kernels(boxes: Rig) -> None:
    code = "print('up')\nwhile True: print(time.monotonic()); time.sleep(0.001)"
    instance = boxes.add(python("x", code, ready=ready.log("up")))
    boxes.start()
    instance.pause()
    eventually(lambda: silent(instance))
    instance.resume()
    mark = instance.logs.mark()
    eventually(lambda: instance.logs.mark() > mark)


def silent(instance: Instance) -> bool:
    mark = instance.logs.mark()
    time.sleep(0.05)
    return instance.logs.mark() == mark


@pytest.mark.parametrize(
    ("code", "state", "words"),
    [
        (0, {"Status": "exited"}, "exited with 0"),
        (137, {"Status": "exited"}, "was killed by SIGKILL"),
        (137, {"Status": "exited", "OOMKilled": True}, "was killed by SIGKILL: it wanted more memory than there is"),
        (137, {"Status": "removing"}, "was removed by somebody else"),
        (None, None, "was removed by somebody else"),
        (None, {}, "was lost: the engine does not answer any more"),
    ],
)
def test_ends_are_told_in_words(code: int | None, state: dict[str, object] | None, words: str) -> None:
    assert end_in_words(code, state, None) == words


def test_a_status_above_128_is_a_signal_only_if_there_is_one() -> None:
    assert [status_of(code) for code in (0, 1, 139, 143, 255)] == [0, 1, -11, -15, 255]
