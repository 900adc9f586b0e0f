"""Servers that end instead of serving, that never serve, and ports that somebody else serves."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.programs import python, sleeper, web
from support.waiting import eventually, with_time

from metricrig import DeadlineExceeded, Instance, PortTaken, Rig, ServiceDied, StartFailed, ready
from metricrig.events import ServiceMoved
from metricrig.lifecycle.instance_state import InstanceState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.events import Event

EVERY_RUNTIME = True


def failure_of(rig: Rig, name: str) -> BaseException:
    with pytest.raises(StartFailed) as failure:
        rig.start(rig[name])
    return failure.value.failures[name]


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("print('last words'); sys.exit(0)", "exited with 0"),
        ("print('last words'); sys.exit(1)", "exited with 1"),
        ("print('last words'); os.kill(os.getpid(), signal.SIGSEGV)", "was killed by SIGSEGV"),
        ("print('last words'); os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
    ],
)
def test_a_service_that_ends_instead_of_serving_fails_its_start(rig: Rig, code: str, how: str) -> None:
    rig.add(python("dying", code, ports={"http": 80}, start_within=60))
    error = failure_of(rig, "dying")
    assert isinstance(error, ServiceDied)
    assert error.how == how
    assert error.log_tail == "last words"
    assert "refused" in error.last_probe
    assert error.command[0] == sys.executable
    assert f"dying {how} while waiting for a connection to port http" in str(error)


@pytest.mark.process_only("what a container leaves ends with it, and writes no files of ours")
def test_a_server_that_puts_itself_into_the_background_is_found_and_ended(rig: Rig, tmp_path: Path) -> None:
    """It exits with 0 and leaves a daemon in a session of its own, with an environment of its own."""
    code = f"""
    if os.fork(): os._exit(0)
    os.setsid()
    if os.fork(): os._exit(0)
    os.execve(sys.executable, [sys.executable, '-c', '''
import os, time
open({str(tmp_path / "daemon")!r}, "w").write(str(os.getpid()))
time.sleep(1000)'''], {{}})
    """
    rig.add(python("daemon", code, ready=lambda _: False))
    error = failure_of(rig, "daemon")
    assert isinstance(error, ServiceDied)
    assert error.how == "exited with 0"
    if (tmp_path / "daemon").exists():
        assert not Path(f"/proc/{(tmp_path / 'daemon').read_text()}").exists()


def test_a_service_that_never_is_ready_fails_at_its_deadline(rig: Rig) -> None:
    def start(within: float) -> DeadlineExceeded:
        name = f"mute-{within:g}"
        code = "print('thinking'); time.sleep(1000)"
        rig.add(python(name.replace(".", "-"), code, ports={"http": 80}, start_within=within))
        error = failure_of(rig, name.replace(".", "-"))
        assert isinstance(error, DeadlineExceeded)
        assert isinstance(error, TimeoutError)
        assert error.within == within
        assert f"waited {within:g} s for a connection to port http" in str(error)
        assert "connection refused" in error.seen
        assert rig[name.replace(".", "-")].state == "failed"
        return error

    assert with_time(start, lambda error: bool(error.log_tail)).log_tail == "thinking"


def test_a_service_that_answers_wrongly_tells_what_it_answered(rig: Rig) -> None:
    def start(within: float) -> str:
        name = f"shop-{within:g}".replace(".", "-")
        rig.add(web(name, ready=ready.http("/health", status=204), start_within=within))
        return str(failure_of(rig, name))

    assert "/health: 200 'hello from" in with_time(start, lambda said: "/health: 200" in said)


def test_death_ends_a_wait_at_once(rig: Rig) -> None:
    shop = rig.add(web("shop"))
    rig.start()
    pid = shop.pid
    threading.Timer(0.2, lambda: shop.signal(signal.SIGKILL)).start()
    with pytest.raises(ServiceDied, match="shop was killed by SIGKILL while waiting for") as failure:
        shop.wait(ready.http("/", status=500), within=60)
    noticed = time.monotonic()
    assert failure.value.last_probe.startswith(f"GET {shop.url}/: ")
    assert shop._state.running is not None
    assert noticed - shop._state.running.ended_at < 30  # the wait would have taken 60
    assert shop.state == "died"
    shop.restart()
    assert shop.state == "ready"
    assert shop.pid != pid


def test_death_ends_a_wait_for_a_log_line(rig: Rig) -> None:
    instance = rig.add(python("x", "print('one'); time.sleep(0.1); sys.exit(7)"))
    rig.start()
    with pytest.raises(ServiceDied, match="x exited with 7 while waiting for a log line matching 'two'"):
        instance.logs.wait("two", within=60)


def test_death_ends_a_wait_that_a_paused_probe_blocks(rig: Rig) -> None:
    """The probe's own connection breaks when the process dies: nothing waits for its patience."""
    code = "s = socket.create_server((HOST, int(sys.argv[1]))); c = s.accept(); time.sleep(0.2); os._exit(3)"
    rig.add(python("stuck", code, "{port}", ports={"http": 80}, ready=ready.http("/"), start_within=60))
    error = failure_of(rig, "stuck")
    assert isinstance(error, ServiceDied)
    assert error.how == "exited with 3"


def test_a_dead_service_says_so_when_it_is_used(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    instance.signal(signal.SIGKILL)
    eventually(lambda: instance.state == "died")
    with pytest.raises(ServiceDied, match="sleeper was killed by SIGKILL before resources"):
        instance.resources()


@contextlib.contextmanager
def foreign_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that takes the port, however it is reserved, and answers every GET with 200."""
    code = (
        "import http.server, sys; "
        "s = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler); "
        "print('up', flush=True); s.serve_forever()"
    )
    words = [sys.executable, "-c", code, str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        try:
            yield process
        finally:
            process.kill()


def number_of(instance: Instance) -> int:
    """Its port, without the library noticing that somebody has read it."""
    return instance._state.site.outside.ports.first


def test_a_port_taken_between_choosing_and_binding_is_left_to_the_other(rig: Rig, happened: list[Event]) -> None:
    shop = rig.add(web("shop", ready=ready.http("/")))
    taken = number_of(shop)
    with foreign_server(taken):
        rig.start()
        assert shop.port != taken
        moved = next(event for event in happened if isinstance(event, ServiceMoved))
        assert (moved.service, moved.port, moved.old, moved.new) == ("shop", "http", taken, shop.port)


@pytest.mark.process_only("a container's port is the engine's, from before its start on")
def test_a_foreign_server_that_answers_is_not_taken_for_ours(rig: Rig) -> None:
    """Ours runs too, and ignores the port: only whose socket it is can tell."""
    lazy = rig.add(python("lazy", "time.sleep(0.3); serve(sys.argv[1])", "{port}", ports={"http": 80}))
    taken = number_of(lazy)
    with foreign_server(taken):
        rig.start()
        assert lazy.port != taken
        assert f"hello from {lazy.pid}" in lazy.run(["curl", "-s", "{host}:{port}"]).out


def test_a_taken_port_whose_address_was_given_out_is_an_error_that_names_the_holder(rig: Rig) -> None:
    shop = rig.add(web("shop", ready=ready.http("/")))
    address = shop.address()
    with foreign_server(shop.port) as other:
        error = failure_of(rig, "shop")
    assert isinstance(error, PortTaken)
    assert address in str(error)
    assert re.search(rf"taken by \S+ \(pid {other.pid}\)", str(error))


def test_a_server_that_shares_no_port_gets_it_for_itself(rig: Rig) -> None:
    """It binds without SO_REUSEADDR, so our reservation is in its way."""
    code = """
    s = socket.socket(); s.bind((HOST, int(sys.argv[1]))); s.listen()
    while True: s.accept()[0].close()
    """
    instance = rig.add(python("selfish", code, "{port}", ports={"http": 80}))
    url = instance.url
    rig.start()
    assert instance.state == "ready"
    assert instance.url == url


def test_a_port_that_nobody_serves_stays_reserved(rig: Rig) -> None:
    shop = rig.add(web("shop"))
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", shop.port))


def test_a_worker_may_be_the_one_who_listens(rig: Rig) -> None:
    code = "subprocess.run([sys.executable, '-m', 'http.server', '--bind', HOST, sys.argv[1]])"
    instance = rig.add(python("parent", code, "{port}", ports={"http": 80}))
    rig.start()
    assert instance.resources().processes == 2


def test_starting_twice_is_fine(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    pid = instance.pid
    rig.start()
    instance.start()
    assert instance.pid == pid


def test_one_that_has_ended_starts_although_nobody_has_heard_of_its_end_yet(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for the end may be faster than the news of it."""
    instance = rig.add(python("x", "signal.pause()"))
    rig.start()
    first = instance.pid
    monkeypatch.setattr(InstanceState, "on_exit", lambda *_: None)
    instance.signal(signal.SIGKILL)
    instance.wait_for_end(within=60)
    rig.start()
    assert instance.pid != first
    instance.signal(signal.SIGKILL)
    instance.wait_for_end(within=60)
    instance.start()
    assert instance.state == "ready"
    assert not instance.ended
