"""Fixtures from descriptions: a running server, and a test's own part of one."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, overload

import pytest

from metricrig.pytest_plugin.session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypedDict, Unpack

    from metricrig.instance import Instance
    from metricrig.service import Service

    Scope = Any  # a name, or a function that pytest calls to learn it

    class FixtureOptions(TypedDict, total=False):
        """What a fixture of a service may be given besides the service."""

        scope: Scope
        shared: bool
        params: Sequence[Any] | None
        ids: Any
        autouse: bool
        name: str | None


@overload
def service(**options: Unpack[FixtureOptions]) -> Callable[[Callable[..., Service]], Any]: ...
@overload
def service(*what: Service | Callable[..., Service], **options: Unpack[FixtureOptions]) -> Any: ...
def service(
    *what: Service | Callable[..., Service],
    scope: Scope = "session",
    shared: bool = True,
    params: Sequence[Any] | None = None,
    ids: Any = None,
    autouse: bool = False,
    name: str | None = None,
) -> Any:
    """A fixture whose value is the running ``Instance`` of a service.

    ``shop = service(Service(...))``; of several services, each test runs with each. Or as a decorator of a function
    that returns the service, whose parameters are fixtures, ``request`` among them::

        @service(scope="module", params=["6.2", "7.2"])
        def cache(request):
            return Redis(version=request.param)

    One of session scope is shared by all workers of a parallel run, unless ``shared`` is false; a narrower one has a
    rig of its own, which ends with its scope.
    """
    options = {"scope": scope, "params": params, "ids": ids, "autouse": autouse, "name": name}
    if not what:
        return lambda function: _fixture(function, options, shared=shared)
    if callable(what[0]):
        return _fixture(what[0], options, shared=shared)
    if len(what) == 1:
        return _fixture(_constant(what[0]), options, shared=shared)
    labels = [f"{each.name}-{each.version}" if each.version else each.name for each in what]  # type: ignore[union-attr]
    return _fixture(_given, {**options, "params": what, "ids": ids or labels}, shared=shared)


def isolated(server: str, *, name: str | None = None, **options: Any) -> Any:
    """A fixture whose value is a test's own part of a server: the server's ``isolated(**options)``, closed afterwards.

    ``server`` is the name of the fixture whose value is the server.
    """

    def take(*_bound: Any, request: pytest.FixtureRequest, **servers: Instance) -> Iterator[Any]:
        session = session_of(request.config)
        handle = servers[server].isolated(**options)  # type: ignore[attr-defined]
        session.tally.handles += 1
        try:
            yield handle
        finally:
            if hasattr(handle, "close"):
                handle.close()

    take.__doc__ = f"This test's own part of {server}."
    take.__signature__ = _signature("request", server)  # type: ignore[attr-defined]
    return pytest.fixture(name=name)(take)


def _fixture(describe: Any, options: dict[str, Any], *, shared: bool) -> Any:
    def run(*bound: Any, request: pytest.FixtureRequest, **arguments: Any) -> Iterator[Instance]:
        given = {**arguments, "request": request} if "request" in wanted else arguments
        described = describe(*(bound if method else ()), **given)
        session = session_of(request.config)
        url = session.settings.servers.get(request.fixturename or "")
        if url is not None:
            with session.attached(described, url) as instance:
                yield instance
            return
        with session.having(described, shared=shared, scope=request.scope) as instance:
            yield instance

    method = _is_method(describe)
    wanted = list(inspect.signature(describe).parameters)[1 if method else 0 :]
    run.__signature__ = _signature(*wanted, *([] if "request" in wanted else ["request"]))  # type: ignore[attr-defined]
    run.__doc__ = inspect.getdoc(describe)
    run.__name__ = getattr(describe, "__name__", "service")
    run.__module__ = getattr(describe, "__module__", run.__module__)
    return pytest.fixture(**options)(run)


def _given(request: pytest.FixtureRequest) -> Any:
    """One of several services, the one whose turn it is."""
    return request.param


def _constant(described: Any) -> Callable[[], Any]:
    def describe() -> Any:
        return described

    describe.__doc__ = f"The server {described.name}."
    return describe


def _is_method(function: Any) -> bool:
    """Whether it is defined in a class, and not at the top of a module or in another function."""
    around = getattr(function, "__qualname__", "").rpartition(".")[0]
    return bool(around) and not around.endswith("<locals>")


def _signature(*names: str) -> inspect.Signature:
    """Of a function, or of a method: what it may be bound to is swallowed."""
    bound = inspect.Parameter("bound", inspect.Parameter.VAR_POSITIONAL)
    return inspect.Signature([bound, *(inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY) for each in names)])
