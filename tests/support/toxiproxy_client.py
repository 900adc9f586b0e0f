"""Requests to Toxiproxy's API as they are on the wire, and what is answered."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer. Two are equal when their status, type and content are."""

    status: int
    text: str
    type: str
    headers: Mapping[str, str] = field(compare=False, repr=False)

    @property
    def content(self) -> Any:
        """What the JSON holds, but for an empty ``Logger`` that 2.12 shows of its proxies by accident."""
        return json.loads(self.text, object_hook=lambda found: {k: v for k, v in found.items() if k != "Logger"})

    @property
    def error(self) -> tuple[int, str]:
        """The status and the message of an error, which have to be in the body too."""
        assert self.content == {"error": self.content["error"], "status": self.status}
        return self.status, self.content["error"]


class ToxiproxyClient:
    """The API at a URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answered:
        """One request; a body of bytes goes as it is, anything else as JSON."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE)
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, sent, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            text = answer.read().decode()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answered(answer.status, text, found.get("content-type", ""), found)
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """What a path shows."""
        return self._done("GET", path, None).content

    def post(self, path: str, body: object = None) -> Any:
        """What comes of a request that is granted."""
        done = self._done("POST", path, body)
        return done.content if done.text else None

    def patch(self, path: str, body: object = None) -> Any:
        """What comes of a change that is granted."""
        return self._done("PATCH", path, body).content

    def delete(self, path: str) -> None:
        """Remove what is there."""
        self._done("DELETE", path, None)

    def proxy(self, name: str, upstream: str, listen: str = "127.0.0.1:0", **fields: Any) -> Any:
        """A new proxy."""
        return self.post("/proxies", {"name": name, "listen": listen, "upstream": upstream, **fields})

    def toxic(self, proxy: str, type: str, stream: str = "downstream", toxicity: float = 1.0, **attributes: int) -> Any:  # noqa: A002 - the API's word
        """A new toxic."""
        fields = {"type": type, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        return self.post(f"/proxies/{proxy}/toxics", fields)

    def clear(self) -> None:
        """Remove all proxies."""
        for name in self.get("/proxies"):
            self.delete(f"/proxies/{quote(name, safe='')}")

    def _done(self, method: str, path: str, body: object) -> Answered:
        done = self.ask(method, path, body)
        assert done.status < 300, (method, path, done)
        return done
