"""Gunicorn for real: applications, workers, a master's signals, and nothing left of any of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from support.waiting import eventually

from metricrig import DeadlineExceeded, Rig, ServiceDied, StartFailed, Unavailable, UsageError
from metricrig._core.process_id import ProcessId
from metricrig.events import Event, ServiceStopped
from metricrig.janitor.process_tree import descendants
from metricrig.services import Gunicorn
from metricrig.services.gunicorn import at_work

if TYPE_CHECKING:
    from metricrig.services.gunicorn import GunicornInstance

SHOP = b"""
import os, sys, time
orders = 0
def app(environ, start):
    global orders
    path = environ["PATH_INFO"]
    print("asked for", path)
    if path == "/slow":
        time.sleep(0.5)
    orders += path == "/buy"
    start("404 Not Found" if path == "/missing" else "200 OK", [("Content-Type", "text/plain; version=0.0.4")])
    told = {"/metrics": f"orders_total {orders}\\n", "/python": sys.executable, "/colour": os.environ.get("COLOUR", "")}
    return [told.get(path, str(os.getpid())).encode()]

async def over_asgi(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""


def shop(app: str = "shop:app", **options: Any) -> Gunicorn:
    return Gunicorn(app, files={"shop.py": SHOP, **options.pop("files", {})}, **options)


def fetch(gunicorn: GunicornInstance, path: str = "/") -> str:
    with urllib.request.urlopen(f"{gunicorn.url}{path}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def gone(*pids: int) -> bool:
    return not any(identity.alive for identity in map(ProcessId.of, pids) if identity)


KINDS = {
    "sync": shop(workers=2),
    "gthread": shop(workers=2, worker_class="gthread", threads=2),
    "asgi": shop("shop:over_asgi", workers=2, worker_class="uvicorn_worker.UvicornWorker"),
}


@pytest.mark.parametrize("service", KINDS.values(), ids=KINDS)
def test_when_it_is_ready_all_its_workers_are_at_work(rig: Rig, service: Gunicorn, happened: list[Event]) -> None:
    gunicorn = rig.add(service)
    rig.start()
    workers = gunicorn.workers
    assert len(workers) == 2
    assert gunicorn.pid not in workers
    assert int(fetch(gunicorn)) in workers
    gunicorn.stop()
    (stopped,) = [each for each in happened if isinstance(each, ServiceStopped)]
    assert (stopped.how, stopped.escalated) == ("exited with 0", False)
    assert gone(*workers)


@pytest.mark.parametrize("service", KINDS.values(), ids=KINDS)
def test_signals_change_the_workers_and_can_be_waited_for(rig: Rig, service: Gunicorn) -> None:
    gunicorn = rig.add(service)
    rig.start()
    first = gunicorn.workers
    gunicorn.more_workers()
    assert set(gunicorn.wait_for_workers(3)) > set(first)
    gunicorn.fewer_workers()
    gunicorn.wait_for_workers(2, other_than=first[:1])  # the eldest goes
    before = gunicorn.workers
    gunicorn.reload()
    after = gunicorn.wait_for_workers(2, other_than=before)
    gunicorn.signal_worker(after[0], signal.SIGKILL)
    gunicorn.wait_for_workers(2, other_than=after[:1])
    assert int(fetch(gunicorn)) in gunicorn.workers


@pytest.mark.parametrize("service", KINDS.values(), ids=KINDS)
def test_a_second_master_serves_beside_the_first_until_it_is_stopped(rig: Rig, service: Gunicorn) -> None:
    gunicorn = rig.add(service)
    rig.start()
    second = gunicorn.upgrade()
    gunicorn.wait(lambda _: len(second.workers) == 2, within=60)
    assert not {second.pid, *second.workers} & {gunicorn.pid, *gunicorn.workers}
    workers = second.workers
    second.signal_worker(workers[0], signal.SIGKILL)
    gunicorn.wait(lambda _: len(second.workers) == 2 and workers[0] not in second.workers, within=60)
    workers = second.workers
    second.stop()
    assert not second.alive
    assert gone(*workers)
    assert second.workers == ()
    second.stop()  # twice is fine
    assert int(fetch(gunicorn)) in gunicorn.workers


def test_a_second_master_ends_with_the_first(rig: Rig) -> None:
    gunicorn = rig.add(shop(workers=2))
    rig.start()
    second = gunicorn.upgrade()
    gunicorn.wait(lambda _: len(second.workers) == 2, within=60)
    everybody = [gunicorn.pid, *descendants(gunicorn.pid)]
    assert len(everybody) == 6
    gunicorn.stop()
    assert gone(*everybody)


def test_a_second_master_can_be_killed(rig: Rig) -> None:
    gunicorn = rig.add(shop(workers=1))
    rig.start()
    second = gunicorn.upgrade()
    gunicorn.wait(lambda _: len(second.workers) == 1, within=60)
    assert repr(second) == f"<Master {second.pid} alive, workers {list(second.workers)}>"
    second.kill()
    assert repr(second) == f"<Master {second.pid} ended, workers []>"
    again = gunicorn.upgrade()
    assert again.pid != second.pid


def test_a_signal_reaches_workers_and_nobody_else(rig: Rig) -> None:
    gunicorn, other = rig.add(shop(workers=1)), rig.add(shop(workers=1), name="other")
    rig.start()
    for stranger in (os.getpid(), other.pid, *other.workers, gunicorn.pid):
        with pytest.raises(UsageError, match=f"process {stranger} is no child of the master {gunicorn.pid}"):
            gunicorn.signal_worker(stranger, signal.SIGKILL)
    (worker,) = gunicorn.workers
    gunicorn.signal_worker(worker, signal.SIGKILL)
    gunicorn.wait_for_workers(1, other_than=[worker])
    with pytest.raises(UsageError, match=rf"its children: {gunicorn.workers[0]}$"):
        gunicorn.signal_worker(worker, signal.SIGKILL)
    assert len(other.workers) == 1


def test_a_wait_for_workers_says_who_was_there_and_ends_with_the_server(rig: Rig) -> None:
    gunicorn = rig.add(shop(workers=1))
    rig.start()
    (worker,) = gunicorn.workers
    with pytest.raises(
        DeadlineExceeded,
        match=rf"waited 0.1 s for 2 workers, none of them {worker}\n  last seen: the workers are \[{worker}\]",
    ):
        gunicorn.wait_for_workers(2, other_than=[worker], within=0.1)
    os.kill(gunicorn.pid, signal.SIGKILL)
    with pytest.raises(ServiceDied, match="was killed by SIGKILL"):
        gunicorn.wait_for_workers(2)


def test_a_request_in_progress_is_answered_before_the_end(rig: Rig) -> None:
    gunicorn = rig.add(shop(workers=1, graceful_timeout=5))
    assert gunicorn.service.stop_within == 10
    rig.start()
    mark = gunicorn.logs.mark()
    with socket.create_connection((gunicorn.host, gunicorn.port), 10) as connection:
        connection.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        gunicorn.logs.wait("asked for /slow", since=mark)
        gunicorn.stop()
        assert connection.recv(4096).startswith(b"HTTP/1.0 200 OK")


def test_a_worker_that_hangs_is_killed_in_time(rig: Rig, happened: list[Event]) -> None:
    gunicorn = rig.add(shop(workers=1))
    rig.start()
    gunicorn.signal_worker(gunicorn.workers[0], signal.SIGSTOP)
    gunicorn.stop(within=0.5)
    assert [each.escalated for each in happened if isinstance(each, ServiceStopped)] == [True]


def test_options_win_over_the_configuration_file_which_wins_over_defaults(rig: Rig, tmp_path: Path) -> None:
    own = tmp_path / "production.py"
    own.write_text(
        "bind = '0.0.0.0:1'\nworkers = 1\nthreads = 3\nproc_name = 'mine'\ndaemon = True\npidfile = '/nowhere'\n"
    )
    by_text = rig.add(shop(name="text", workers=2, config="workers = 3"))
    by_path = rig.add(shop(name="path", config=own))
    called = rig.add(shop(name="called", config=lambda at: f"workers = 3\nraw_env = ['COLOUR={at.name}']"))
    rig.start()
    by_text.wait_for_workers(2)
    by_path.wait_for_workers(1)
    called.wait_for_workers(3)
    assert fetch(called, "/colour") == "called"
    listening = [each.laddr for each in psutil.Process(by_path.pid).net_connections() if each.status == "LISTEN"]
    assert listening == [(by_path.host, by_path.port)]


@pytest.mark.parametrize("no_bytecode", ["", "1"])
def test_a_changed_configuration_file_is_read_at_a_reload(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, no_bytecode: str
) -> None:
    """Also one that has its length and its second as before, which Python takes for the same."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", no_bytecode)
    gunicorn = rig.add(shop(config="workers = 1"))
    rig.start()
    before = gunicorn.workers
    file = gunicorn.dir / "gunicorn.conf.py"
    seen = file.stat()
    file.write_text(file.read_text().replace("workers = 1", "workers = 3"))
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    gunicorn.reload()
    gunicorn.wait_for_workers(3, other_than=before)


def test_the_port_is_the_rigs_whatever_the_environment_says(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--bind=127.0.0.1:1 --worker-class=gthread")
    gunicorn = rig.add(shop(workers=1))
    rig.start()
    assert "Using worker: gthread" in gunicorn.logs.text()
    assert int(fetch(gunicorn)) == gunicorn.workers[0]


def test_an_application_is_found_by_cwd_and_by_pythonpath(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_bytes(SHOP)
    by_cwd = rig.add(Gunicorn("elsewhere:app", name="cwd", cwd=tmp_path))
    by_path = rig.add(Gunicorn("elsewhere:app", name="path", pythonpath=[tmp_path], config="import elsewhere"))
    with_env = rig.add(
        Gunicorn("elsewhere:app", name="env", env=lambda at: {"COLOUR": at.name}, pythonpath=["{dir}", tmp_path])
    )
    rig.start()
    assert fetch(with_env, "/colour") == "env"
    for gunicorn in (by_cwd, by_path):
        assert int(fetch(gunicorn)) in gunicorn.workers


def test_its_metrics_its_log_and_its_python_are_the_applications(rig: Rig) -> None:
    gunicorn = rig.add(shop(workers=1, metrics="/metrics", env={"COLOUR": "{name}"}))
    rig.start()
    with gunicorn.metrics.change(gunicorn.metrics("orders_total").sum()) as orders:
        fetch(gunicorn, "/buy")
    assert orders == 1
    assert gunicorn.logs.wait("asked for /buy", within=60)
    assert fetch(gunicorn, "/python") == sys.executable
    assert fetch(gunicorn, "/colour") == "gunicorn"


def test_an_application_without_a_root_page_is_ready_too(rig: Rig) -> None:
    rig.add(
        Gunicorn("lost:app", files={"lost.py": b"def app(_, start):\n    start('404 Not Found', [])\n    return []"})
    )
    rig.start()


def test_readiness_may_be_the_workers_alone(rig: Rig) -> None:
    gunicorn = rig.add(shop(workers=2, ready=at_work(2)))
    rig.start()
    assert len(gunicorn.workers) == 2
    assert "asked for" not in gunicorn.logs.text()


def test_an_application_that_cannot_be_imported_is_told_in_its_own_words(rig: Rig) -> None:
    rig.add(Gunicorn("no_such_shop:app"))
    with pytest.raises(StartFailed, match="No module named 'no_such_shop'"):
        rig.start()


def test_a_python_without_gunicorn_is_something_that_the_machine_lacks(rig: Rig, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    rig.add(Gunicorn("shop:app", python=bare))
    with pytest.raises(StartFailed) as failed:
        rig.start()
    lacking = failed.value.failures["gunicorn"]
    assert isinstance(lacking, Unavailable)
    assert lacking.reason == f"{bare} cannot import it: ModuleNotFoundError: No module named 'gunicorn'"
    assert lacking.remedy == f"{bare} -m pip install gunicorn, or say which Python has it: Gunicorn(..., python=...)"


def test_another_python_that_has_it_will_do(rig: Rig, tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    gunicorn = rig.add(shop(python=other, workers=1))
    rig.start()
    assert fetch(gunicorn, "/python") == sys.executable


def test_a_killed_test_process_leaves_neither_masters_nor_workers(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from metricrig import Rig
from metricrig.janitor.process_tree import descendants
from metricrig.services import Gunicorn
rig = Rig("doomed")
gunicorn = rig.add(Gunicorn("wsgiref.simple_server:demo_app", workers=2))
rig.start()
gunicorn.wait(lambda _, second=gunicorn.upgrade(): len(second.workers) == 2)
print(gunicorn.pid, *descendants(gunicorn.pid), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "METRICRIG_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    pids = [int(each) for each in done.stdout.split()]
    assert len(pids) == 6
    eventually(lambda: gone(*pids))
    eventually(lambda: not list(tmp_path.glob("metricrig-*/*")))
