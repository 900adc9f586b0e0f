"""Starts and ends: a metrics port that is not free, and nothing left of a server that was stopped."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest
from exporter_suite import Exporter, ask, visit

from metricrig import events, ready
from metricrig.services import at_work

if TYPE_CHECKING:
    from metricrig import Rig


@pytest.mark.parametrize("kind", ["sync", pytest.param("gthread", marks=pytest.mark.thorough)])
def test_a_graceful_stop_finishes_the_request_and_leaves_nothing(rig: Rig, kind: str) -> None:
    exporter = rig.add(Exporter(kind=kind, workers=1))
    stopped: list[events.Event] = []
    rig.start()
    family = [psutil.Process(exporter.pid), *psutil.Process(exporter.pid).children(recursive=True)]
    assert len(family) == 2
    mark = exporter.logs.mark()
    with ThreadPoolExecutor(1) as pool, rig.events.listening(stopped.append):
        answer = pool.submit(ask, exporter, "/sleep/0.3")
        exporter.logs.wait("sleeping", since=mark, within=5)
        exporter.stop()
        assert answer.result()[0] == 200
    (end,) = [each for each in stopped if isinstance(each, events.ServiceStopped)]
    assert (end.how, end.escalated) == ("exited with 0", False)
    assert psutil.wait_procs(family, timeout=0)[1] == []
    for port in exporter.ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((exporter.host, port), 5)


@pytest.mark.thorough
@pytest.mark.patient
def test_a_busy_metrics_port_delays_the_workers_until_it_is_free(rig: Rig) -> None:
    squatter = socket.socket()
    squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def leave(_: object) -> bool:
        squatter.close()
        return True

    blocked = ready.log(r"Port \d+ in use \(attempt 1/5\)")
    exporter = rig.add(
        Exporter(workers=1, ready=ready.all_of(blocked, leave, at_work(1), ready.http("/metrics", port="metrics")))
    )
    squatter.bind((exporter.host, exporter.ports["metrics"]))
    squatter.listen()
    rig.start()
    assert "attempt 2/5" not in exporter.logs.text()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.requests == 1, within=5)
