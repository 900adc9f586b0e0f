"""The application: GraphQL at ``/graphql``, GraphiQL for browsers at the same place."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from model_metrics import graphiql
from model_metrics.directory import Directory
from model_metrics.schema import Context, schema
from model_metrics.store import Store


@dataclass(frozen=True)
class Settings:
    """Where the metrics are, and who may see which."""

    store_url: str
    directory: Directory
    store_parameters: Mapping[str, str] = field(default_factory=dict)
    within: float = 10.0


class Endpoint(GraphQL[Context, None]):
    """Answers queries; a browser that comes without one gets GraphiQL."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        """What the request is answered with."""
        state: Any = request.app.state
        return Context(state.store, state.settings.directory, request.headers.get("authorization"))

    async def render_graphql_ide(self, request: Request) -> HTMLResponse:  # noqa: ARG002
        """Our own page: Strawberry's loads its scripts from a CDN."""
        return HTMLResponse(graphiql.page())


def create_app(settings: Settings) -> Starlette:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=settings.within, verify=tls()) as client:
            app.state.store = Store(client, settings.store_url, settings.store_parameters)
            yield

    routes = [
        Route("/healthz", healthy),
        Mount("/graphiql", graphiql.files()),
        Route("/graphql", Endpoint(schema, allow_queries_via_get=False)),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.settings = settings
    return app


@cache
def tls() -> ssl.SSLContext:
    """Whom to trust; read once, because that takes 15 ms and a process may have many applications: its tests do."""
    return httpx.create_ssl_context()


async def healthy(_: Request) -> PlainTextResponse:
    """Says that it runs."""
    return PlainTextResponse("ok\n")
