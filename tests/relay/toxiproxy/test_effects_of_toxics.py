"""What toxics do to bytes and connections. Each scenario runs on the real Toxiproxy and on a rig's links.

Nothing here asserts that something is quick: a delay is at least as long as it was asked for.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from typing import TYPE_CHECKING

import pytest
from support.upstreams import Upstream, dial, exactly, parting, talker, until_end
from support.waiting import eventually

if TYPE_CHECKING:
    import socket

    from support.toxiproxy_client import ToxiproxyClient

CONTENT = random.Random(7).randbytes(300_000)
SLACK = 0.005
"""Seconds: the clocks of two processes, and timers that count whole milliseconds."""


def ping(connection: socket.socket) -> float:
    """Seconds to an answer."""
    began = time.monotonic()
    connection.sendall(b"ping")
    assert exactly(connection, 4) == b"ping"
    return time.monotonic() - began


def how_it_ends(connection: socket.socket) -> str:
    """What whoever reads from it is told at its end."""
    try:
        until_end(connection)
    except ConnectionResetError:
        return "reset"
    return "closed"


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_latency_delays_old_and_new_connections(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream, stream: str
) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    with dial(proxy["listen"]) as old:
        ping(old)
        toxiproxy_api.toxic("x", "latency", stream, latency=200)
        assert ping(old) >= 0.2 - SLACK
        with dial(proxy["listen"]) as new:
            assert ping(new) >= 0.2 - SLACK


def test_latencies_add_up(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    for name, stream in (("one", "upstream"), ("two", "upstream"), ("three", "downstream")):
        body = {"name": name, "type": "latency", "stream": stream, "attributes": {"latency": 100}}
        toxiproxy_api.post("/proxies/x/toxics", body)
    with dial(proxy["listen"]) as connection:
        assert ping(connection) >= 0.3 - SLACK


def test_jitter_is_more_or_less(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "latency", latency=50, jitter=40)
    with dial(proxy["listen"]) as connection:
        took = [ping(connection) for _ in range(20)]
    assert min(took) >= 0.01 - SLACK
    assert max(took) - min(took) > 0.01


def test_latency_loses_and_reorders_nothing(toxiproxy_api: ToxiproxyClient) -> None:
    with Upstream(parting(CONTENT)) as server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.toxic("x", "latency", latency=20, jitter=20)
        with dial(proxy["listen"]) as connection:
            assert until_end(connection) == CONTENT


def test_what_waits_for_a_latency_passes_when_it_is_removed(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    """Removed, or changed: what is on its way arrives, whole."""
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "latency", latency=3_600_000)
    with dial(proxy["listen"]) as connection:
        connection.sendall(b"ping")
        toxiproxy_api.delete("/proxies/x/toxics/latency_downstream")
        assert exactly(connection, 4) == b"ping"


def test_an_update_is_in_force_for_open_connections(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "latency", latency=0)
    with dial(proxy["listen"]) as connection:
        ping(connection)
        toxiproxy_api.patch("/proxies/x/toxics/latency_downstream", {"attributes": {"latency": 200}})
        assert ping(connection) >= 0.2 - SLACK
        toxiproxy_api.patch("/proxies/x/toxics/latency_downstream", {"toxicity": 0})
        assert min(ping(connection) for _ in range(5)) < 0.2


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_bandwidth_is_in_thousands_of_bytes_a_second(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream, stream: str
) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "bandwidth", stream, rate=500)
    with dial(proxy["listen"]) as connection:
        began = time.monotonic()
        connection.sendall(CONTENT[:200_000])
        assert exactly(connection, 200_000) == CONTENT[:200_000]
        assert time.monotonic() - began >= 0.25  # 0.4 s, but for what a bucket may hold


@pytest.mark.parametrize("toxiproxy_api", ["own"], indirect=True)
def test_no_bandwidth_lets_nothing_pass_until_there_is_some(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    """Toxiproxy 2.12 ends with "slice bounds out of range" if a rate grows while bytes wait for it."""
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "bandwidth", rate=0)
    with dial(proxy["listen"]) as connection:
        connection.sendall(b"ping")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(60)
        toxiproxy_api.patch("/proxies/x/toxics/bandwidth_downstream", {"attributes": {"rate": 1000}})
        assert exactly(connection, 4) == b"ping"


def test_timeout_drops_everything_and_closes_when_it_is_removed(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream
) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    with dial(proxy["listen"]) as old, dial(proxy["listen"]) as quiet:
        ping(old)
        ping(quiet)
        toxiproxy_api.toxic("x", "timeout", timeout=0)
        with dial(proxy["listen"]) as new:
            for each in (old, new):
                each.sendall(b"ping")
                each.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    each.recv(1)
                each.settimeout(60)
            toxiproxy_api.delete("/proxies/x/toxics/timeout_downstream")
            for each in (old, new, quiet):
                assert how_it_ends(each) in {"closed", "reset"}
    with dial(proxy["listen"]) as after:
        ping(after)


def test_timeout_closes_after_its_time(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "timeout", timeout=200)
    with dial(proxy["listen"]) as connection:
        began = time.monotonic()
        assert until_end(connection) == b""
        assert time.monotonic() - began >= 0.2 - SLACK


def test_a_changed_timeout_counts_anew(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "timeout", timeout=0)
    with dial(proxy["listen"]) as connection:
        time.sleep(0.4)  # longer than what it is changed to
        began = time.monotonic()
        toxiproxy_api.patch("/proxies/x/toxics/timeout_downstream", {"attributes": {"timeout": 300}})
        assert until_end(connection) == b""
        assert time.monotonic() - began >= 0.3 - SLACK


def test_a_timeout_counts_from_the_last_byte(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "timeout", "upstream", timeout=500)

    def sent_in_time() -> float:
        """From the last of some bytes to the end; 0 if the machine was too busy to send them in time."""
        with dial(proxy["listen"]) as connection:
            sent = [time.monotonic()]
            for _ in range(4):
                time.sleep(0.2)
                sent.append(time.monotonic())
                with contextlib.suppress(ConnectionError):
                    connection.sendall(b"ping")
            how_it_ends(connection)
            in_time = max(after - before for before, after in itertools.pairwise(sent)) < 0.4
            return time.monotonic() - sent[-1] if in_time else 0.0

    assert eventually(sent_in_time) >= 0.5 - SLACK


@pytest.mark.parametrize("timeout", [0, 3_600_000])
def test_an_end_passes_a_timeout(toxiproxy_api: ToxiproxyClient, timeout: int) -> None:
    with Upstream(parting(b"bye")) as server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.toxic("x", "timeout", timeout=timeout)
        with dial(proxy["listen"]) as connection:
            assert until_end(connection) == b""


def test_an_end_passes_where_there_is_no_bandwidth(toxiproxy_api: ToxiproxyClient) -> None:
    with Upstream(parting(b"")) as server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.toxic("x", "bandwidth", rate=0)
        with dial(proxy["listen"]) as connection:
            assert until_end(connection) == b""


def test_an_end_is_a_reset_under_reset_peer(toxiproxy_api: ToxiproxyClient) -> None:
    with Upstream(parting(b"")) as server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.toxic("x", "reset_peer", timeout=100)
        with dial(proxy["listen"]) as connection:
            assert how_it_ends(connection) == "reset"


def test_numbers_of_any_size_are_taken(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    """What is to happen in a million years harms nobody now."""
    proxy = toxiproxy_api.proxy("x", upstream.address)
    late = 10**12
    toxiproxy_api.toxic("x", "latency", latency=late)
    toxiproxy_api.toxic("x", "slow_close", delay=late)
    toxiproxy_api.toxic("x", "timeout", "upstream", timeout=late)
    with dial(proxy["listen"]) as connection:
        connection.sendall(b"ping")
        toxiproxy_api.toxic("x", "slicer", average_size=late, size_variation=late, delay=late)
    other = toxiproxy_api.proxy("y", upstream.address)
    with dial(other["listen"]) as connection:
        ping(connection)


def test_slow_close_delays_the_end_alone(toxiproxy_api: ToxiproxyClient) -> None:
    with Upstream(parting(b"bye")) as server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.toxic("x", "slow_close", delay=300)
        with dial(proxy["listen"]) as connection:
            began = time.monotonic()
            assert exactly(connection, 3) == b"bye"
            assert until_end(connection) == b""
            assert time.monotonic() - began >= 0.3 - SLACK


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_reset_peer_resets_at_the_first_byte(toxiproxy_api: ToxiproxyClient, upstream: Upstream, stream: str) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "reset_peer", stream, timeout=0)
    with dial(proxy["listen"]) as connection:
        connection.sendall(b"ping")
        assert how_it_ends(connection) == "reset"


def test_reset_peer_waits_as_long_as_it_was_told(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "reset_peer", timeout=300)
    with dial(proxy["listen"]) as connection:
        began = time.monotonic()
        connection.sendall(b"ping")
        assert how_it_ends(connection) == "reset"
        assert time.monotonic() - began >= 0.3 - SLACK


def test_reset_peer_lets_nothing_pass_meanwhile(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "reset_peer", timeout=300)
    with dial(proxy["listen"]) as connection:
        connection.sendall(b"ping")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_slicer_pauses_between_its_slices(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "slicer", average_size=100, size_variation=20, delay=20_000)
    with dial(proxy["listen"]) as connection:
        began = time.monotonic()
        connection.sendall(CONTENT[:2_000])
        assert exactly(connection, 2_000) == CONTENT[:2_000]
        assert time.monotonic() - began >= 0.2  # at least 16 slices, 20 ms after each but the last


@pytest.mark.parametrize("limit", [1, 100, 150_000])
def test_limit_data_closes_after_so_many_bytes(toxiproxy_api: ToxiproxyClient, limit: int) -> None:
    with Upstream(talker(CONTENT)) as server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.post("/proxies/x/toxics", {"type": "limit_data", "attributes": {"bytes": limit}})
        with dial(proxy["listen"]) as connection:
            assert until_end(connection) == CONTENT[:limit]


def test_limit_data_of_nothing_closes_at_the_first_byte(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.post("/proxies/x/toxics", {"type": "limit_data"})
    with dial(proxy["listen"]) as connection:
        connection.sendall(b"ping")
        assert how_it_ends(connection) in {"closed", "reset"}


def test_limit_data_counts_what_has_passed_before_it_was_changed(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream
) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.post("/proxies/x/toxics", {"type": "limit_data", "attributes": {"bytes": 100}})
    with dial(proxy["listen"]) as connection:
        connection.sendall(CONTENT[:60])
        assert exactly(connection, 60) == CONTENT[:60]
        toxiproxy_api.patch("/proxies/x/toxics/limit_data_downstream", {"attributes": {"bytes": 80}})
        connection.sendall(CONTENT[60:100])
        assert exactly(connection, 40) == CONTENT[60:80]


def test_upstream_limit_data_limits_what_the_upstream_hears(toxiproxy_api: ToxiproxyClient) -> None:
    server = Upstream()
    server._serve = server.hearing
    with server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.post(
            "/proxies/x/toxics", {"type": "limit_data", "stream": "upstream", "attributes": {"bytes": 1000}}
        )
        with dial(proxy["listen"]) as connection:
            connection.sendall(CONTENT[:1500])
            assert eventually(lambda: server.heard) == [CONTENT[:1000]]


def test_a_toxic_of_toxicity_0_does_nothing(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.toxic("x", "timeout", toxicity=0)
    toxiproxy_api.toxic("x", "reset_peer", "upstream", toxicity=0)
    for _ in range(20):
        with dial(proxy["listen"]) as connection:
            ping(connection)


def test_toxicity_is_the_share_of_connections(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    """Of 300 connections about 90; that 50 to 130 are hit fails once in a million."""
    proxy = toxiproxy_api.proxy("x", upstream.address)
    toxiproxy_api.post("/proxies/x/toxics", {"type": "limit_data", "toxicity": 0.3, "attributes": {"bytes": 1}})
    hit = 0
    for _ in range(300):
        with dial(proxy["listen"]) as connection:
            connection.sendall(b"ping")
            hit += exactly(connection, 4) == b"p"
    assert 50 <= hit <= 130


def test_toxics_of_one_direction_leave_the_other_alone(toxiproxy_api: ToxiproxyClient) -> None:
    server = Upstream()
    server._serve = server.hearing
    with server:
        proxy = toxiproxy_api.proxy("x", server.address)
        toxiproxy_api.toxic("x", "timeout", "downstream")
        with dial(proxy["listen"]) as connection:
            connection.sendall(CONTENT)
        assert eventually(lambda: server.heard) == [CONTENT]


def test_without_toxics_everything_passes(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    with dial(proxy["listen"]) as connection:
        for start in range(0, len(CONTENT), 60_000):
            connection.sendall(CONTENT[start : start + 60_000])
            assert exactly(connection, len(CONTENT[start : start + 60_000])) == CONTENT[start : start + 60_000]


def test_reset_lets_everything_pass_again(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    proxy = toxiproxy_api.proxy("x", upstream.address)
    with dial(proxy["listen"]) as connection:
        toxiproxy_api.toxic("x", "latency", "upstream", latency=3_600_000)
        toxiproxy_api.toxic("x", "bandwidth", rate=1)
        connection.sendall(CONTENT[:1000])
        toxiproxy_api.post("/reset")
        assert exactly(connection, 1000) == CONTENT[:1000]
