"""A few lines of each server's protocol, so that the tour needs no client libraries."""

from __future__ import annotations

import json
import socket
import urllib.parse
import urllib.request
from typing import Any


def talk(host: str, port: int, text: str, *, within: float = 5.0) -> str:
    """Send text, and return what comes back first."""
    with socket.create_connection((host, port), within) as connection:
        connection.sendall(text.encode())
        return connection.recv(4096).decode()


def redis_command(host: str, port: int, *words: str, within: float = 5.0) -> str:
    """One Redis command in its own protocol; the last line of the answer."""
    text = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    return talk(host, port, text, within=within).strip().splitlines()[-1]


def get(url: str, **query: str) -> Any:
    """The JSON that a GET is answered with."""
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=5) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def post(url: str, body: str | dict[str, str]) -> str:
    """POST a text, or a dictionary as JSON."""
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    with urllib.request.urlopen(url, data, timeout=5) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())
