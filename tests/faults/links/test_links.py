"""The links of a rig: addresses like the service's own, known before anything runs; what their users feel."""

from __future__ import annotations

import os
import signal
import socket
from typing import Any
from urllib.request import urlopen

import pytest
from support.programs import python
from support.waiting import eventually

from metricrig import Rig, Service, UsageError, ready
from metricrig._core.process_id import ProcessId
from metricrig.errors import RelayLost
from metricrig.faults.links.link import Link
from metricrig.services import Redis

SHOP = """
    import urllib.parse
    host, port = sys.argv[1].split(":")
    def ask():
        with socket.create_connection((host, int(port)), 30) as redis:
            redis.sendall(b"PING\\r\\n")
            return redis.recv(100)
    class Shop(Quiet):
        def do_GET(self):
            try:
                answer = ask()
            except OSError as error:
                answer = str(error).encode()
            self.send_response(200); self.end_headers(); self.wfile.write(answer)
    http.server.ThreadingHTTPServer((HOST, int(sys.argv[2])), Shop).serve_forever()
"""


def shop(link: Link) -> Service:
    """A service that reaches Redis through the link."""
    return python("shop", SHOP, link.inside.address(), "{port}", ports={"http": 8000}, needs=[link], ready=ready.http())


def asked(url: str) -> str:
    with urlopen(url, timeout=30) as answer:
        return answer.read().decode()  # type: ignore[no-any-return]


def test_a_link_has_addresses_like_its_services_own_before_anything_runs() -> None:
    with Rig("shop") as rig:
        redis = rig.add(Redis(password=True))
        link = rig.link(redis)
        assert link.name == "redis-link"
        assert link.port != redis.port
        assert link.url == redis.url.replace(str(redis.port), str(link.port))
        assert (link.inside.url, link.address(), link.host) == (link.url, f"127.0.0.1:{link.port}", "127.0.0.1")
        assert dict(link.ports) == {"redis": link.port}
        assert repr(link) == f"<Link redis-link to redis 127.0.0.1:{link.port}>"
        second = rig.link("redis", name="replica")
        third = rig.link(redis, port="redis")
        assert [each.name for each in rig.links] == ["redis-link", "replica", "redis-link-2"]
        assert rig.links["replica"] is second
        assert len({link.port, second.port, third.port}) == 3
        with pytest.raises(UsageError, match="no link is called 'none'; there is: redis-link, replica, redis-link-2"):
            rig.links["none"]


def test_the_shop_reaches_redis_through_the_link_and_feels_what_is_done_to_it() -> None:
    """Each consumer has a link of its own: that one of them is cut is a partition."""
    with Rig("shop") as rig:
        redis = rig.add(Redis())
        link, other = rig.link(redis), rig.link(redis)
        web = rig.add(shop(link))
        rig.add(shop(other), name="other")
        rig.start()
        assert asked(web.url) == "+PONG\r\n"
        with link.cut():
            assert "refused" in asked(web.url)
            assert asked(rig["other"].url) == "+PONG\r\n"
        assert asked(web.url) == "+PONG\r\n"


def test_who_needs_a_link_needs_the_service_behind_it() -> None:
    with Rig("shop") as rig:
        redis = rig.add(Redis())
        web = rig.add(shop(rig.link(redis)))
        assert web.service.needed == ("redis",)
        rig.start(web)
        assert redis.state == "ready"
    with Rig("other") as rig, Rig("theirs") as theirs:
        link = theirs.link(theirs.add(Redis()))
        rig.add(shop(link))
        with pytest.raises(UsageError, match="shop needs redis of another rig, which is new: start it first"):
            rig.start()


def test_a_service_that_moves_to_another_port_takes_its_links_along(monkeypatch: pytest.MonkeyPatch) -> None:
    with Rig("shop") as rig:
        redis = rig.add(Redis())
        link = rig.link(redis)
        old = redis._state.site.outside.port
        redis._state.runtime.unreserve(redis._state.site)
        with socket.create_server(("127.0.0.1", old)):
            rig.start()
        assert redis.port != old
        assert link.route.target == ("127.0.0.1", redis.port)


def test_a_rig_that_is_closed_heals_its_links_and_leaves_no_relay() -> None:
    with Rig("shop") as rig:
        redis = rig.add(Redis())
        link = rig.link(redis)
        relay = rig.links.relay
        link.stall().start()
        pid = relay.pid
    eventually(lambda: not _runs(pid))


def test_a_closed_rig_begins_no_relay() -> None:
    with Rig("shop") as rig:
        pass
    with pytest.raises(UsageError, match="is closed"):
        rig.links.relay  # noqa: B018 - what is asked for would begin one


def test_a_relay_that_died_is_told_and_a_fault_of_its_heals() -> None:
    with Rig("shop") as rig:
        link = rig.link(rig.add(Redis()))
        stall = link.stall().start()
        os.kill(rig.links.relay.pid, signal.SIGKILL)
        stall.heal()
        assert stall.healing_evidence == "the relay is gone, and the link with it"
        with pytest.raises(RelayLost, match="does not answer"):
            link.cut().start()


def _runs(pid: int) -> Any:
    found = ProcessId.of(pid)
    return found is not None and found.alive


def test_a_part_of_a_server_has_links_with_its_own_url() -> None:
    """A shared server is cut off from one test, and from nobody else."""
    with Rig("shared") as rig, Rig("test") as mine:
        redis = rig.add(Redis(password=True))
        rig.start()
        with redis.isolated() as part:
            link = mine.link(part)
            assert link.url == part.url.replace(str(redis.port), str(link.port))
            assert link.url != redis.url.replace(str(redis.port), str(link.port))
            assert link.inside.url == link.url
            with link.cut(), pytest.raises(ConnectionRefusedError):
                socket.create_connection((link.host, link.port), 30)
            socket.create_connection((link.host, link.port), 30).close()
