"""One HTTP request as a call: what counts as a failure, and which connections it takes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from support.shop_client import Shop

from metricrig import UsageError, load
from metricrig.load.requests.request_call import BadStatus, RequestTimeout, request


def test_requests_one_after_another_share_a_connection(shop: Shop) -> None:
    call = request(shop.url, "POST /buy?n=1", body="book", headers={"X-Test": "yes"})

    async def thrice() -> None:
        for _ in range(3):
            await call()

    asyncio.run(thrice())
    connections, requests, last = shop.seen()
    assert (connections, requests) == (1, 3)
    assert "POST /buy?n=1 HTTP/1.1 book" in last
    asyncio.run(thrice())
    assert shop.seen()[:2] == (2, 6), "another loop has connections of its own"


def test_requests_at_a_time_have_connections_of_their_own(shop: Shop) -> None:
    call = request(shop.url, "GET /")

    async def at_once() -> None:
        await asyncio.gather(*(call() for _ in range(5)))
        await asyncio.gather(*(call() for _ in range(5)))

    asyncio.run(at_once())
    assert shop.seen()[:2] == (5, 10)


def test_a_server_that_closes_is_connected_to_anew(shop: Shop) -> None:
    call = request(shop.url, "GET /once")

    async def twice() -> None:
        await call()
        await call()

    asyncio.run(twice())
    assert shop.seen()[:2] == (2, 2)


def test_statuses_from_400_on_are_failures(shop: Shop) -> None:
    with pytest.raises(BadStatus, match="503 Told"):
        asyncio.run(request(shop.url, "GET /503")())
    asyncio.run(request(shop.url, "GET /302")())


def test_a_server_that_says_nothing_is_given_up(shop: Shop) -> None:
    with pytest.raises(RequestTimeout, match=r"no answer within 0\.2 s"):
        asyncio.run(request(shop.url, "GET /hang", timeout="200ms")())


def test_a_server_that_hangs_up_is_a_failure(shop: Shop) -> None:
    with pytest.raises(ConnectionError, match="closed the connection before it had answered"):
        asyncio.run(request(shop.url, "GET /drop")())


def test_requests_are_called_in_loops_and_leave_no_connection_behind(shop: Shop) -> None:
    """An unclosed one would be a warning, which is an error here."""
    run = load.open_loop(load.request(SimpleNamespace(url=shop.url), "GET /"), rate=100, for_="300ms")
    assert run.measured.failed == 0
    assert run.measured.calls == shop.seen()[1] == 30
    mixed = load.weighted({load.request(shop.url, "GET /a"): 1, load.request(shop.url, "GET /500"): 1}, seed=1)
    run = load.open_loop(mixed, rate=100, for_="300ms")
    assert set(run.operations) == {"GET /a", "GET /500"}
    assert run.measured.errors == {"BadStatus: 500 Told": run.op("GET /500").measured.calls}


@pytest.mark.parametrize(
    ("server", "line", "said"),
    [
        ("127.0.0.1:80", "GET /", "server="),
        ("ftp://127.0.0.1", "GET /", "server="),
        (3, "GET /", "server="),
        ("http://127.0.0.1", "/", "line="),
        ("http://127.0.0.1", "get /", "line="),
        ("http://127.0.0.1", "GET healthz", "line="),
        ("http://127.0.0.1", 7, "line="),
    ],
)
def test_what_is_no_request_is_refused(server: Any, line: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        request(server, line)
