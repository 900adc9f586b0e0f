"""The application in this process: requests without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette


@dataclass(frozen=True)
class InProcess:
    """Sends requests to an application that runs on an event loop of its own."""

    portal: BlockingPortal
    client: httpx.AsyncClient

    def post(self, path: str, *, content: str, headers: dict[str, str]) -> httpx.Response:
        """As a client on the network would."""

        async def sent() -> httpx.Response:
            return await self.client.post(path, content=content, headers=headers)

        return self.portal.call(sent)


@contextmanager
def running(app: Starlette) -> Iterator[InProcess]:
    """An application from its start to its end."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_running(app)) as client:
        yield InProcess(portal, client)


@asynccontextmanager
async def _running(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://app") as it:
        yield it
