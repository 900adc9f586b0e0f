"""Servers that belong to several processes: started once, found by the others, gone with the last."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.programs import python, web
from support.waiting import eventually

from metricrig import MetricrigError, ServiceDied, Unavailable
from metricrig._core.process_id import ProcessId
from metricrig.events import Event, ServiceJoined, ServiceReady, everything
from metricrig.janitor import found_rigs, launcher
from metricrig.services import Redis
from metricrig.sharing import SharedRig

Join = Callable[[], SharedRig]


@pytest.fixture
def join(tmp_path: Path) -> Iterator[Join]:
    """Joins the same shared rig each time, as another process would."""
    name = f"shared-{uuid.uuid4().hex[:8]}"
    joined: list[SharedRig] = []

    def join() -> SharedRig:
        me = ProcessId.of(os.getpid())
        joined.append(SharedRig.join(name, data=tmp_path, run="this", owner=me, linger=0))
        return joined[-1]

    yield join
    for each in joined[1:]:
        each.leave()
    if joined:
        joined[0].dismiss()
        assert not joined[0].directory.exists()


def replies(url_host: str, port: int, question: bytes) -> bytes:
    with socket.create_connection((url_host, port), 5) as connection:
        connection.sendall(question)
        return connection.recv(100)


def is_alive(pid: int) -> bool:
    identity = ProcessId.of(pid)
    return identity is not None and identity.alive


def test_the_first_starts_a_server_and_the_others_find_it(join: Join) -> None:
    one, other = join(), join()
    events: list[Event] = []
    with everything.listening(events.append):
        first, second = one.server(Redis()), other.server(Redis())
    assert (first.pid, first.url, first.secret) == (second.pid, second.url, second.secret)
    assert [type(each) for each in events if isinstance(each, ServiceReady | ServiceJoined)] == [
        ServiceReady,
        ServiceJoined,
    ]


def test_asking_twice_gives_the_same_instance(join: Join) -> None:
    shared_rig = join()
    assert shared_rig.server(Redis()) is shared_rig.server(Redis())


def test_services_that_differ_are_two_servers_though_they_have_one_name(join: Join) -> None:
    one, other = join(), join()
    plain, limited = one.server(Redis()), one.server(Redis(args=["--maxmemory", "100mb"]))
    assert plain.pid != limited.pid
    assert other.server(Redis(args=["--maxmemory", "100mb"])).pid == limited.pid


def test_a_death_is_known_to_all_at_once_and_the_next_server_is_everybodys(join: Join) -> None:
    one, other = join(), join()
    first, second = one.server(Redis()), other.server(Redis())
    assert replies(first.host, first.port, b"SET a 1\r\n") == b"+OK\r\n"
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: first.state == second.state == "died")
    assert first.lost
    assert second.lost
    with pytest.raises(ServiceDied, match="SIGKILL"):
        second.wait(lambda _: True)
    other.ensure(second)
    one.ensure(first)
    assert first.pid == second.pid
    assert replies(first.host, first.port, b"GET a\r\n") == b"$-1\r\n", "it has forgotten everything"


def test_one_that_was_paused_or_stopped_is_there_again(join: Join) -> None:
    shared_rig = join()
    redis = shared_rig.server(Redis())
    redis.pause()
    shared_rig.ensure(redis)
    assert redis.state == "ready"
    redis.stop()
    shared_rig.ensure(redis)
    assert replies(redis.host, redis.port, b"PING\r\n") == b"+PONG\r\n"


def test_what_was_done_to_one_and_not_healed_is_healed(join: Join) -> None:
    shared_rig = join()
    redis = shared_rig.server(Redis())
    faults = [redis.no_open_files().start(), redis.little_cpu().start(), redis.paused().start()]
    shared_rig.ensure(redis)
    assert [each.in_force for each in faults] == [False, False, False]
    assert replies(redis.host, redis.port, b"PING\r\n") == b"+PONG\r\n"


def test_several_who_come_at_once_start_one_server(join: Join) -> None:
    several = [join() for _ in range(4)]
    pids: list[int] = []

    def come(shared_rig: SharedRig) -> None:
        pids.append(shared_rig.server(web()).pid)

    threads = [threading.Thread(target=come, args=[each]) for each in several]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(pids) == 4
    assert len(set(pids)) == 1


def test_processes_that_come_at_once_share_one_janitor_and_one_server(tmp_path: Path) -> None:
    code = """
        import os, sys
        from metricrig._core.process_id import ProcessId
        from metricrig.services import Redis
        from metricrig.sharing import SharedRig
        owner = ProcessId.of(os.getppid())
        shared_rig = SharedRig.join("crowd", data=sys.argv[1], run="this", owner=owner, linger=0)
        print(shared_rig.server(Redis()).pid, shared_rig._janitor.pid, flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    crowd = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    said = {each.stdout.readline() for each in crowd if each.stdout}
    for each in crowd:
        each.communicate("")
    assert len(said) == 1, said
    ours = SharedRig.join("crowd", data=tmp_path, run="this", owner=None, linger=0)
    ours.dismiss()
    assert not list(tmp_path.glob("metricrig-*/*"))


def test_a_member_that_is_killed_takes_nothing_with_it(join: Join, tmp_path: Path) -> None:
    shared_rig = join()
    redis = shared_rig.server(Redis())
    code = f"""
        import os, sys
        from metricrig.services import Redis
        from metricrig.sharing import SharedRig
        shared_rig = SharedRig.join({shared_rig.name!r}, data=sys.argv[1], run="this", owner=None, linger=0)
        assert shared_rig.server(Redis()).pid == {redis.pid}
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert replies(redis.host, redis.port, b"PING\r\n") == b"+PONG\r\n"
    assert redis.state == "ready"


def test_a_member_killed_while_it_starts_a_server_leaves_the_start_to_the_next(join: Join, tmp_path: Path) -> None:
    shared_rig = join()
    code = f"""
        import os, sys, threading
        from metricrig import Service, ready
        from metricrig.sharing import SharedRig
        shared_rig = SharedRig.join({shared_rig.name!r}, data=sys.argv[1], run="this", owner=None, linger=0)
        def kill(_): os.kill(os.getpid(), 9)
        shared_rig.server(Service(name="web", command=["sleep", "1000"], ready=kill))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    half_started = [each for rig in found_rigs.find([shared_rig.directory.parent]) for each in rig.services]
    server = shared_rig.server(web())
    assert server.state == "ready"
    eventually(lambda: not any(each.alive for each in half_started))


def test_a_start_that_failed_is_not_tried_again_by_every_worker(join: Join, tmp_path: Path) -> None:
    one, other = join(), join()
    tried = tmp_path / "tried"
    broken = python("broken", f"open({str(tried)!r}, 'a').write('x'); sys.exit(3)", ports={"http": 80})
    with pytest.raises(ServiceDied, match="exited with 3"):
        one.server(broken)
    with pytest.raises(MetricrigError, match=r"(?s)exited with 3.*another process"):
        other.server(broken)
    assert tried.read_text(encoding="utf-8") == "x"


def test_what_a_machine_lacks_is_said_to_each_in_its_own_words(join: Join) -> None:
    one, other = join(), join()
    lacking = Redis(version=">=99")
    for shared_rig in (one, other):
        with pytest.raises(Unavailable):
            shared_rig.server(lacking)


def test_without_an_owner_it_stays_for_the_next_run(tmp_path: Path) -> None:
    shared_rig = SharedRig.join("lingering", data=tmp_path, run="first", owner=None, linger=600)
    pid = shared_rig.server(Redis()).pid
    shared_rig.leave()
    again = SharedRig.join("lingering", data=tmp_path, run="second", owner=None, linger=600)
    events: list[Event] = []
    again.events.subscribe(events.append)
    assert again.server(Redis()).pid == pid
    assert [each.reused for each in events if isinstance(each, ServiceJoined)] == [True]
    again.dismiss()
    assert not is_alive(pid)


def test_without_an_owner_it_goes_when_nobody_has_come_for_long(tmp_path: Path) -> None:
    shared_rig = SharedRig.join("brief", data=tmp_path, run="first", owner=None, linger=0.1)
    pid = shared_rig.server(Redis()).pid
    shared_rig.leave()
    eventually(lambda: not shared_rig.directory.exists())
    assert not is_alive(pid)


def test_a_reused_server_that_does_not_answer_is_replaced(tmp_path: Path) -> None:
    shared_rig = SharedRig.join("frozen", data=tmp_path, run="first", owner=None, linger=600)
    redis = shared_rig.server(Redis(start_within=5))
    pid = redis.pid
    os.kill(pid, signal.SIGSTOP)
    shared_rig.leave()
    again = SharedRig.join("frozen", data=tmp_path, run="second", owner=None, linger=600)
    other = again.server(Redis(start_within=5))
    assert other.pid != pid
    assert replies(other.host, other.port, b"PING\r\n") == b"+PONG\r\n"
    again.dismiss()


def test_the_owners_death_is_the_end_of_everything(tmp_path: Path) -> None:
    owner = subprocess.Popen(["sleep", "1000"])
    shared_rig = SharedRig.join("orphans", data=tmp_path, run="this", owner=ProcessId.of(owner.pid), linger=0)
    redis = shared_rig.server(Redis())
    pid = redis.pid
    with redis.may_die():
        owner.kill()
        owner.wait()
        eventually(lambda: not shared_rig.directory.exists())
    assert not is_alive(pid)
    shared_rig.leave()


def test_what_is_written_while_all_is_removed_is_removed_too(tmp_path: Path) -> None:
    """Workers go on for a moment after the process that leads them has been killed."""
    owner = subprocess.Popen(["sleep", "1000"])
    shared_rig = SharedRig.join("written", data=tmp_path, run="this", owner=ProcessId.of(owner.pid), linger=0)
    code = """
        import itertools, os, sys, time
        end = time.monotonic() + float(sys.argv[2])
        for number in itertools.count():
            try: os.mkdir(os.path.join(sys.argv[1], f"{number}"))
            except FileNotFoundError: pass
            if number == 0: print("writes", flush=True)
            if time.monotonic() > end: break
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(shared_rig.directory), "1.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        owner.kill()
        owner.wait()
        writer.wait()
    eventually(lambda: not shared_rig.directory.exists(), within=30)
    shared_rig.leave()


def test_nothing_is_started_for_an_owner_that_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as owner:
        identity = ProcessId.of(owner.pid)
    with pytest.raises(MetricrigError, match="has ended"):
        SharedRig.join("late", data=tmp_path, run="this", owner=identity, linger=0)
    assert not list(tmp_path.glob("metricrig-*/*"))


def test_a_janitor_whose_owner_dies_while_it_boots_goes_at_once(tmp_path: Path) -> None:
    """It would linger for long, had it not been told by the kernel: the descriptor was there before it was."""
    with subprocess.Popen(["sleep", "1000"]) as owner:
        booted = launcher.OwnJanitorProcess(
            ProcessId.of(owner.pid), [str(tmp_path / "boot"), str(0o700), "1000"], inherited=[]
        )
        os.kill(booted.pid, signal.SIGSTOP)
        owner.kill()
    os.kill(booted.pid, signal.SIGCONT)
    assert booted.process.wait(60) == 0
    assert not list(tmp_path.iterdir())
    booted.wait()


def test_one_that_is_used_after_its_end_does_not_bring_its_directory_back(tmp_path: Path) -> None:
    first = SharedRig.join("gone", data=tmp_path, run="this", owner=None, linger=60)
    late = SharedRig.join("gone", data=tmp_path, run="this", owner=None, linger=60)
    first.dismiss()
    with pytest.raises(MetricrigError, match="gone"):
        late.server(web())
    assert not first.directory.exists()
    late.leave()


def test_what_a_killed_janitor_left_is_removed_by_the_next(tmp_path: Path) -> None:
    first = SharedRig.join("forsaken", data=tmp_path, run="this", owner=None, linger=60)
    redis = first.server(Redis())
    pid = redis.pid
    os.kill(first._janitor.pid, signal.SIGKILL)
    eventually(lambda: not first._janitor.alive)
    first.leave()
    second = SharedRig.join("forsaken", data=tmp_path, run="this", owner=None, linger=60)
    assert second.server(Redis()).pid != pid
    assert not is_alive(pid)
    second.dismiss()


def test_a_door_in_a_directory_with_a_long_name_is_found(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    shared_rig = SharedRig.join("deep", data=deep, run="this", owner=None, linger=60)
    assert shared_rig.server(Redis()).state == "ready"
    shared_rig.dismiss()
    assert not list(deep.glob("metricrig-*/*"))


def test_metricrig_ps_sees_shared_servers_as_live(join: Join) -> None:
    shared_rig = join()
    shared_rig.server(Redis())

    def found() -> list[str]:
        rigs = found_rigs.find([shared_rig.directory.parent])
        return [f"{each.rig} {each.state} {[s.name for s in each.services]}" for each in rigs]

    eventually(lambda: found() == [f"{shared_rig.name} live ['redis']"])
