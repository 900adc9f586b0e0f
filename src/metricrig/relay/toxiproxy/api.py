"""The API: which request does what, and how it is answered. https://github.com/Shopify/toxiproxy#http-api is followed.

It is Toxiproxy 2.12 that clients find here, its words and its codes, for they compare both.
"""

from __future__ import annotations

import json
import os
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from metricrig.relay.toxiproxy import proxy as proxies_asked_for
from metricrig.relay.toxiproxy import toxic as toxics_asked_for
from metricrig.relay.toxiproxy.api_errors import ApiError, toxic_not_found
from metricrig.relay.toxiproxy.http_messages import Response
from metricrig.relay.toxiproxy.metrics_page import CONTENT_TYPE
from metricrig.relay.toxiproxy.proxies import populated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig.relay.toxiproxy.http_messages import Request
    from metricrig.relay.toxiproxy.proxies import Proxies

    Handler = Callable[[Proxies, bytes, tuple[str, ...]], Response]

VERSION = "2.12.0"
"""Whose semantics these are: clients ask, and some want at least 2."""
_BROWSER = "Mozilla/"
_JSON = {"Content-Type": "application/json"}
_TEXT = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
_ID_HEADER = "X-Toxiproxy-Request-Id"
_ID_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_ID_LENGTH = 20


def answer(request: Request, proxies: Proxies) -> Response:
    """Do what the request wants."""
    if "//" in request.path:  # which comes of a base URL with a slash at its end
        return Response(HTTPStatus.MOVED_PERMANENTLY, headers={"Location": quote(re.sub("/+", "/", request.path))})
    handlers, names = _route(request.path)
    if handlers is None:
        return Response(HTTPStatus.NOT_FOUND, b"404 page not found\n", _TEXT)
    handler = handlers.get(request.method)
    if handler is None:
        return Response(HTTPStatus.METHOD_NOT_ALLOWED)
    if request.headers.get("user-agent", "").startswith(_BROWSER):  # a page must not change its reader's links
        return _identified(Response(HTTPStatus.FORBIDDEN, b"User agent not allowed\n", _TEXT))
    try:
        return _identified(handler(proxies, request.body, names))
    except ApiError as error:
        return refusal(error)


def refusal(error: ApiError) -> Response:
    """What a client is told that is not granted its request."""
    return _identified(Response(error.status, _encoded(error.content) + b"\n", _TEXT))


def _index(proxies: Proxies, *_: object) -> Response:
    return _content({name: each.content for name, each in proxies.all().items()})


def _create(proxies: Proxies, body: bytes, _: tuple[str, ...]) -> Response:
    return _content(proxies.add(proxies_asked_for.asked_for(body)).content, HTTPStatus.CREATED)


def _populate(proxies: Proxies, body: bytes, _: tuple[str, ...]) -> Response:
    try:
        done, error = populated(proxies, proxies_asked_for.all_asked_for(body))
    except ApiError as wrong:
        done, error = [], wrong
    content = {**(error.content if error else {}), "proxies": [each.content for each in done] or None}
    return _content(content, error.status if error else HTTPStatus.CREATED)


def _reset(proxies: Proxies, *_: object) -> Response:
    proxies.reset()
    return Response(HTTPStatus.NO_CONTENT)


def _show(proxies: Proxies, _: bytes, names: tuple[str, ...]) -> Response:
    return _content(proxies.get(names[0]).content)


def _update(proxies: Proxies, body: bytes, names: tuple[str, ...]) -> Response:
    proxies.get(names[0])  # that it is not there is said first, whatever the body
    return _content(proxies.update(names[0], proxies_asked_for.changes_asked_for(body)).content)


def _delete(proxies: Proxies, _: bytes, names: tuple[str, ...]) -> Response:
    proxies.remove(names[0])
    return Response(HTTPStatus.NO_CONTENT)


def _toxics(proxies: Proxies, _: bytes, names: tuple[str, ...]) -> Response:
    return _content([each.content for each in proxies.get(names[0]).listed_toxics])


def _create_toxic(proxies: Proxies, body: bytes, names: tuple[str, ...]) -> Response:
    taken = {each.name for each in proxies.get(names[0]).toxics}
    toxic = toxics_asked_for.created(body, taken)
    proxies.put_toxic(names[0], toxic)
    return _content(toxic.content)


def _show_toxic(proxies: Proxies, _: bytes, names: tuple[str, ...]) -> Response:
    toxic = proxies.get(names[0]).toxic(names[1])
    if toxic is None:
        raise toxic_not_found()
    return _content(toxic.content)


def _update_toxic(proxies: Proxies, body: bytes, names: tuple[str, ...]) -> Response:
    toxic = proxies.get(names[0]).toxic(names[1])
    if toxic is None:
        raise toxic_not_found()
    updated = toxic.updated(body)
    proxies.put_toxic(names[0], updated)
    return _content(updated.content)


def _delete_toxic(proxies: Proxies, _: bytes, names: tuple[str, ...]) -> Response:
    proxies.take_toxic(*names)
    return Response(HTTPStatus.NO_CONTENT)


def _version(*_: object) -> Response:
    text = f'{{"version": "{VERSION}"}}\n'
    return Response(HTTPStatus.OK, text.encode(), {"Content-Type": "application/json;charset=utf-8"})


def _metrics(proxies: Proxies, *_: object) -> Response:
    return Response(HTTPStatus.OK, proxies.metrics().encode("utf-8", "replace"), {"Content-Type": CONTENT_TYPE})


_EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ANY = "*"
_ROUTES: Mapping[tuple[str, ...], Mapping[str, Handler]] = {
    ("reset",): {"POST": _reset},
    ("proxies",): {"GET": _index, "POST": _create},
    ("populate",): {"POST": _populate},
    ("proxies", _ANY): {"GET": _show, "POST": _update, "PATCH": _update, "DELETE": _delete},
    ("proxies", _ANY, "toxics"): {"GET": _toxics, "POST": _create_toxic},
    ("proxies", _ANY, "toxics", _ANY): {
        "GET": _show_toxic,
        "POST": _update_toxic,
        "PATCH": _update_toxic,
        "DELETE": _delete_toxic,
    },
    ("version",): {"GET": _version},
    ("metrics",): dict.fromkeys(_EVERY_METHOD, _metrics),
}


def _route(path: str) -> tuple[Mapping[str, Handler] | None, tuple[str, ...]]:
    """What may be done at a path, and the names in it."""
    first, *parts = path.split("/")
    for pattern, handlers in _ROUTES.items():
        if not first and len(parts) == len(pattern) and all(map(_fits, pattern, parts)):
            return handlers, tuple(part for place, part in zip(pattern, parts, strict=True) if place is _ANY)
    return None, ()


def _fits(place: str, part: str) -> bool:
    return bool(part) if place is _ANY else part == place


def _content(content: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(status, _encoded(content), _JSON)


def _encoded(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def _identified(response: Response) -> Response:
    """Every answer has an id of its own, for logs."""
    drawn = "".join(_ID_DIGITS[each % len(_ID_DIGITS)] for each in os.urandom(_ID_LENGTH))
    return Response(response.status, response.body, {**response.headers, _ID_HEADER: drawn})
