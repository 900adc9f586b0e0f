"""Load at the same clock as faults: what a fault did to calls is known apart from what came before and after it."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from support.waiting import eventually

from metricrig import Rig, load
from metricrig.services import Redis


def test_a_cut_divides_the_load(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    link = rig.link(redis)
    address = urlsplit(link.url)

    def ping() -> None:
        assert address.hostname
        assert address.port
        with socket.create_connection((address.hostname, address.port), 30) as connection:
            connection.sendall(b"PING\r\n")
            if connection.recv(100) != b"+PONG\r\n":
                raise ConnectionError("no answer")

    with load.background(ping, rate=50, lag="60s") as traffic:
        eventually(lambda: traffic.measured.calls > 20)
        with link.cut() as cut:
            eventually(lambda: traffic.measured.failed > 5)
        healed = traffic.measured.calls
        eventually(lambda: traffic.measured.calls > healed + 20)
    before, during, after = traffic.before(cut.began), traffic.between(cut.began, cut.ended), traffic.after(cut.ended)
    assert before.failed == 0
    assert during.failed > 5
    assert after.failed == 0
    assert before.calls + during.calls + after.calls == traffic.calls
    assert all("Error" in kind for kind in during.errors)
