"""Tests that await."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_plugin.killing import CONFTEST
from support.suites import AT_ONCE, Suite

if TYPE_CHECKING:
    from support.suites import Ran, Runs

TESTS = """
    import asyncio, socket, time
    import pytest

    pytestmark = pytest.mark.MARK

    async def ask(redis, *words):
        reader, writer = await asyncio.open_connection(redis.host, redis.port)
        writer.write(" ".join(words).encode() + b"\\r\\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer

    async def test_servers(redis_server):
        assert await ask(redis_server, "PING") == b"+PONG\\r\\n"

    async def test_handles(victoriametrics):
        victoriametrics.write("orders_total", 3)
        assert victoriametrics.query("orders_total") == {(): 3}

    async def test_waiting_for_somebody_else(redis_server, soon_killed):
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            try:
                soon_killed(redis_server.pid)
                await reader.readline()
            finally:
                writer.close()

    async def test_asking_again_and_again(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        while True:
            try:
                await ask(redis_server, "PING")
            except OSError:
                await asyncio.sleep(0.01)

    async def test_in_a_callback(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        def busy():
            until = time.monotonic() + 0.05
            while time.monotonic() < until:
                pass
            asyncio.get_running_loop().call_soon(busy)
        asyncio.get_running_loop().call_soon(busy)
        await asyncio.sleep(3600)

    async def test_after(redis_server):
        assert await ask(redis_server, "PING") == b"+PONG\\r\\n"
"""

BACKEND = """
    @pytest.fixture
    def anyio_backend():
        return "asyncio"
"""


@pytest.fixture(scope="module", params=["asyncio", "anyio"])
def ran(run: Runs, request: pytest.FixtureRequest) -> Ran:
    plugin = str(request.param)
    return run.suite(
        Suite(
            files={
                "conftest": CONFTEST + (BACKEND if plugin == "anyio" else ""),
                "test_it": TESTS.replace("MARK", plugin),
            },
            plugins=({"asyncio": "pytest_asyncio.plugin", "anyio": "anyio.pytest_plugin"}[plugin],),
            ini="asyncio_default_fixture_loop_scope = function" if plugin == "asyncio" else "",
        )
    )


def test_servers_are_fixtures_of_tests_that_await(ran: Ran) -> None:
    passed = {each for each, outcome in ran.outcomes().items() if outcome == "passed"}
    assert passed == {"test_servers", "test_handles", "test_after"}, ran.out


@pytest.mark.parametrize(
    "test", ["test_waiting_for_somebody_else", "test_asking_again_and_again", "test_in_a_callback"]
)
def test_a_death_ends_a_test_that_awaits_at_once(ran: Ran, test: str) -> None:
    assert ran.outcomes()[test] == "failed"
    assert "redis was killed by SIGKILL during this test" in ran.why(test)
    assert ran.seconds(test) < AT_ONCE
