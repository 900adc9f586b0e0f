from __future__ import annotations

import select
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.programs import python, sleeper, web
from support.waiting import eventually

from metricrig import DeadlineExceeded, Rig, ready
from metricrig.events import ServiceDiedUnasked, ServicePaused, ServiceResumed, ServiceStopped
from metricrig.janitor.process_tree import descendants
from metricrig.services import PostgreSQL, Redis

if TYPE_CHECKING:
    from metricrig.events import Event

EVERY_RUNTIME = True
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(1000)"


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def stops(happened: list[Event]) -> list[ServiceStopped]:
    return [event for event in happened if isinstance(event, ServiceStopped)]


def test_stop_asks_and_waits_for_the_end(rig: Rig, happened: list[Event]) -> None:
    code = "signal.signal(signal.SIGTERM, lambda *_: (print('goodbye'), sys.exit(0))); print('up'); time.sleep(1000)"
    instance = rig.add(python("polite", code, ready=ready.log("up")))
    rig.start()
    pid = instance.pid
    instance.stop()
    assert gone(pid)
    assert instance.state == "stopped"
    assert "goodbye" in instance.logs.text()
    assert [(each.how, each.escalated) for each in stops(happened)] == [("exited with 0", False)]
    instance.stop()


def test_a_server_that_ignores_sigterm_is_killed_after_its_time(rig: Rig, happened: list[Event]) -> None:
    instance = rig.add(python("deaf", DEAF, ready=ready.log("deaf")))
    rig.start()
    pid = instance.pid
    instance.stop(within=0.1)
    assert gone(pid)
    assert [(each.how, each.escalated) for each in stops(happened)] == [("was killed by SIGKILL", True)]


def test_the_service_says_which_signal_stops_it(rig: Rig) -> None:
    code = "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(5)); print('up'); time.sleep(1000)"
    instance = rig.add(python("x", code, stop_signal=signal.SIGUSR1, ready=ready.log("up")))
    rig.start()
    instance.stop()
    assert instance._state.ending


@pytest.mark.process_only("a container has pids of its own")
def test_workers_end_with_their_master(rig: Rig) -> None:
    code = """
    children = [subprocess.Popen(["sleep", "1000"], start_new_session=bool(i)) for i in range(3)]
    print("workers", *(child.pid for child in children)); time.sleep(1000)
    """
    instance = rig.add(python("master", code, ready=ready.log("workers")))
    for end in (instance.stop, instance.kill, rig.close):
        if end == rig.close or instance.state in {"new", "stopped"}:
            rig.start()
        line = instance.logs.wait(r"workers .*", since=instance._state.log_start)
        workers = [int(word) for word in line.split()[1:]]
        assert not any(map(gone, workers))
        end()
        assert all(map(gone, workers))


@pytest.mark.process_only("a container has pids of its own")
def test_orphans_of_a_service_that_died_end_when_it_is_started_again(rig: Rig) -> None:
    code = "child = subprocess.Popen(['sleep', '1000']); print('worker', child.pid); time.sleep(1000)"
    instance = rig.add(python("master", code, ready=ready.log("worker")))
    rig.start()
    worker = int(instance.logs.wait("worker .*").split()[1])
    instance.signal(signal.SIGKILL)
    eventually(lambda: instance.state == "died")
    instance.start()
    assert gone(worker)


def test_a_paused_service_is_alive_and_silent(rig: Rig, happened: list[Event]) -> None:
    shop = rig.add(web("shop"))
    rig.start()
    shop.pause()
    assert shop.state == "paused"
    with pytest.raises(DeadlineExceeded, match="no answer"):
        shop.wait(ready.http("/"), within=0.5)
    shop.resume()
    shop.wait(ready.http("/"))
    assert shop.state == "ready"
    assert [type(e) for e in happened if isinstance(e, ServicePaused | ServiceResumed)] == [
        ServicePaused,
        ServiceResumed,
    ]


def test_a_paused_service_can_be_stopped(rig: Rig, happened: list[Event]) -> None:
    instance = rig.add(sleeper())
    rig.start()
    instance.pause()
    instance.stop(within=60)
    assert not stops(happened)[0].escalated


def test_a_service_stopped_by_a_signal_of_somebody_else_can_be_stopped(rig: Rig, happened: list[Event]) -> None:
    instance = rig.add(sleeper())
    rig.start()
    instance.signal(signal.SIGSTOP)
    instance.stop(within=60)
    assert not stops(happened)[0].escalated


def test_restart_keeps_ports_and_data(rig: Rig) -> None:
    code = "open('starts', 'a').write('x'); serve(sys.argv[1])"
    shop = rig.add(python("shop", code, "{port}", ports={"http": 80}, cwd="{dir}"))
    rig.start()
    before = (shop.pid, shop.port)
    shop.restart()
    assert shop.port == before[1]
    assert shop.pid != before[0]
    assert (shop.dir / "starts").read_text() == "xx"


def test_a_death_that_nobody_asked_for_is_an_event(rig: Rig, happened: list[Event]) -> None:
    code = """
    print('up')
    while not os.path.exists(sys.argv[1]): time.sleep(0.01)
    sys.exit(4)
    """
    instance = rig.add(python("x", code, "{shared}/go", ready=ready.log("up")))
    rig.start()
    with instance.may_die():  # else the plugin would end this test
        (rig.shared / "go").touch()
        died = eventually(lambda: [event for event in happened if isinstance(event, ServiceDiedUnasked)])
    assert died[0].how == "exited with 4"
    assert instance.state == "died"


def test_many_stop_at_once(rig: Rig, happened: list[Event]) -> None:
    """Each goes only when all have been asked to: one after the other they would have to be killed."""
    code = """
    def go(*_):
        open(os.path.join(sys.argv[1], sys.argv[2]), "w").close()
        while len(os.listdir(sys.argv[1])) < 8: time.sleep(0.01)
        sys.exit(0)
    signal.signal(signal.SIGTERM, go); print('up'); time.sleep(1000)
    """
    for number in range(8):
        words = ["{shared}", str(number)]
        rig.add(python(f"slow-{number}", code, *words, ready=ready.log("up"), stop_within=60))
    rig.start()
    rig.stop()
    assert [(each.how, each.escalated) for each in stops(happened)] == [("exited with 0", False)] * 8


def test_nothing_answers_once_pause_has_returned(rig: Rig) -> None:
    """A signal takes effect some time after it was sent; ``pause`` waits for that."""
    redis = rig.add(Redis())
    rig.start()
    with socket.create_connection((redis.host, redis.port)) as client:
        client.settimeout(60)
        for _ in range(50):
            redis.pause()
            client.sendall(b"PING\r\n")
            assert select.select([client], [], [], 0.002)[0] == []
            redis.resume()
            assert client.recv(100) == b"+PONG\r\n"


@pytest.mark.process_only("a container is frozen by the kernel, not by signals")
def test_a_pause_reaches_workers_that_have_sessions_of_their_own(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    postgresql.pause()
    tree = [postgresql.pid, *descendants(postgresql.pid)]
    assert len(tree) > 3
    states = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in tree]
    # A worker that ended just before is a zombie until its frozen master reaps it: that runs no more either.
    assert states[0] == "T"
    assert set(states) <= {"T", "Z"}
    postgresql.resume()
    assert postgresql.psql("select 1") == "1"
