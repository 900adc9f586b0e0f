"""Hundreds of random requests, sound and unsound, to the real Toxiproxy and to ours: each is answered the same."""

from __future__ import annotations

import json
import random
import re
from http import HTTPStatus
from typing import Any

import pytest
from support.toxiproxy_client import Answered, ToxiproxyClient

from metricrig._core.ports import Reservation

REQUESTS = 400
ODD: list[Any] = [None, 0, 1, -1, 1.5, "x", "", True, False, [], {}, 2**63 - 1, 2**64, 1e30]
BROKEN = [b"", b"{", b"null", b"[]", b'"x"', b"{}x", b'{"name":}', b"[1,]", b'{"a" 1}', b"7"]
LISTEN = ["PORT1", "PORT2", "PORT3", "127.0.0.1:0", "nonsense", "127.0.0.1:99999", "[::1", "a:b:c"]
PROXIES = ["a", "b", "c"]
ATTRIBUTES = ["latency", "jitter", "rate", "delay", "timeout", "size_variation", "bytes", "other", "Latency"]
KINDS = ["latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data", "noop", "gremlin"]
TOXICS = ["one", "latency_downstream", "noop_downstream", "timeout_upstream"]


class Dice:
    """What is asked next."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def request(self) -> tuple[str, str, Any]:
        proxy, toxic = f"/proxies/{self._of([*PROXIES, 'none'])}", f"/toxics/{self._of(TOXICS)}"
        change = self._of(["POST", "PATCH"])
        weighted = [
            (6, ("POST", "/proxies", self._perhaps_broken(self._proxy()))),
            (3, (change, proxy, self._perhaps_broken(self._proxy()))),
            (2, ("POST", "/populate", self._perhaps_broken([self._proxy() for _ in range(self._of([0, 1, 2]))]))),
            (1, ("DELETE", proxy, None)),
            (2, ("GET", self._of(["/proxies", proxy, f"{proxy}/toxics", proxy + toxic]), None)),
            (6, ("POST", f"{proxy}/toxics", self._perhaps_broken(self._toxic()))),
            (5, (change, proxy + toxic, self._perhaps_broken(self._toxic()))),
            (2, ("DELETE", proxy + toxic, None)),
            (1, ("POST", "/reset", None)),
        ]
        weights, requests = zip(*weighted, strict=True)
        chosen: tuple[str, str, Any] = self._chance.choices(requests, weights)[0]
        return chosen

    def _proxy(self) -> dict[str, Any]:
        wanted = {"name": [*PROXIES, ""], "listen": LISTEN, "upstream": ["127.0.0.1:1", "localhost:2", ""]}
        fields = {name: self._of(values) if self._rarely(0.95) else self._of(ODD) for name, values in wanted.items()}
        fields["enabled"] = self._of([True, True, False, None])
        fields["listen"] = fields["listen"] or "127.0.0.1:0"  # with no address, ours listens on 127.0.0.1 alone
        return fields

    def _toxic(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"type": self._of(KINDS)}
        choices: dict[str, list[Any]] = {
            "name": ["one", "", None],
            "stream": ["upstream", "downstream", "UpStream", "sideways", ""],
            "toxicity": [0, 0.5, 1, 1 / 3, *ODD],
            "attributes": [{self._of(ATTRIBUTES): self._of([5, 6, *ODD])} for _ in range(3)] + ODD,
        }
        for name, values in choices.items():
            if self._rarely(0.5):
                fields[self._of([name, name, name.upper()])] = self._of(values)
        return fields

    def _perhaps_broken(self, body: Any) -> Any:
        return self._of(BROKEN) if self._rarely(0.05) else body

    def _rarely(self, share: float) -> bool:
        return self._chance.random() < share

    def _of(self, values: list[Any]) -> Any:
        return self._chance.choice(values)


class Side:
    """One of the two servers, with ports of its own."""

    def __init__(self, url: str) -> None:
        self.api = ToxiproxyClient(url)
        self.kept = [Reservation() for _ in range(3)]  # of which the system makes no other use
        self.names = {f"PORT{number}": f"127.0.0.1:{each.port}" for number, each in enumerate(self.kept, 1)}

    def answered(self, method: str, path: str, body: Any) -> tuple[int, str, str]:
        """With its own ports by their names again; what JSON's readers say in detail is theirs."""
        sent = body if isinstance(body, bytes) or body is None else self._with_ports(body)
        return _seen(self.api.ask(method, path, sent), self.names)

    def clear(self) -> None:
        """Have no proxies."""
        self.api.clear()

    def close(self) -> None:
        """Leave nothing."""
        self.clear()
        for each in self.kept:
            each.release()

    def _with_ports(self, body: Any) -> Any:
        text = json.dumps(body)
        for name, address in self.names.items():
            text = text.replace(name, address)
        return json.loads(text)


def _seen(answer: Answered, names: dict[str, str]) -> tuple[int, str, str]:
    text = json.dumps(answer.content, sort_keys=True) if answer.text.startswith(("{", "[")) else answer.text
    for name, address in names.items():
        text = text.replace(address, name)
    text = re.sub(r"127\.0\.0\.1:\d{4,5}(?!\d)", "ANY", text)
    return answer.status, answer.type, re.sub(r'"error": "bad request body: (?:[^"\\]|\\.)*"', "BAD BODY", text)


@pytest.mark.parametrize("seed", range(3))
def test_random_requests_are_answered_the_same(real_url: str, own_url: str, seed: int) -> None:
    real, own, dice = Side(real_url), Side(own_url), Dice(seed)
    try:
        for number in range(REQUESTS):
            request = dice.request()
            expected, seen = real.answered(*request), own.answered(*request)
            if request[1] == "/reset" and expected[0] != HTTPStatus.NO_CONTENT:
                assert seen[0] == expected[0]  # which proxy it met first, and which it has reset before, is chance
                real.clear()
                own.clear()
            else:
                assert seen == expected, f"request {number}: {request}"
    finally:
        real.close()
        own.close()
