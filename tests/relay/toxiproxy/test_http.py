"""What is the same for every request: paths, methods, who may ask, and how."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from support.toxiproxy_client import ToxiproxyClient

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_the_version_is_one_that_clients_can_compare(toxiproxy_api: ToxiproxyClient) -> None:
    answer = toxiproxy_api.ask("GET", "/version")
    assert (answer.status, answer.type) == (200, "application/json;charset=utf-8")
    assert list(answer.content) == ["version"]
    assert re.match(r"2\.\d+\.\d+", answer.content["version"])


def test_every_answer_has_an_id(toxiproxy_api: ToxiproxyClient) -> None:
    answers = [toxiproxy_api.ask("GET", path) for path in ("/version", "/proxies", "/proxies/none")]
    ids = [each.headers["x-toxiproxy-request-id"] for each in answers]
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-v]{20}", each) for each in ids)


def test_a_browser_is_kept_out(toxiproxy_api: ToxiproxyClient) -> None:
    """A page that somebody looks at must not change his links."""
    for method, path in (("GET", "/proxies"), ("POST", "/reset"), ("GET", "/version")):
        answer = toxiproxy_api.ask(method, path, user_agent=BROWSER)
        assert (answer.status, answer.text, answer.type) == (
            403,
            "User agent not allowed\n",
            "text/plain; charset=utf-8",
        )


@pytest.mark.parametrize("agent", ["toxiproxy-cli", "Wget/2.1", "NotMozilla/5.0", ""])
def test_other_clients_are_served(toxiproxy_api: ToxiproxyClient, agent: str) -> None:
    assert toxiproxy_api.ask("GET", "/proxies", user_agent=agent).status == 200


@pytest.mark.parametrize("path", ["/", "/proxy", "/proxies/a/b", "/proxies/a/toxics/b/c", "/versions", "/metrics/x"])
def test_another_path_is_not_there(toxiproxy_api: ToxiproxyClient, path: str) -> None:
    answer = toxiproxy_api.ask("GET", path)
    assert (answer.status, answer.text, answer.type) == (404, "404 page not found\n", "text/plain; charset=utf-8")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_slash_too_many_is_led_to_where_it_belongs(toxiproxy_api: ToxiproxyClient, method: str) -> None:
    answer = toxiproxy_api.ask(method, "//proxies/a%20b//toxics?x=y")
    assert (answer.status, answer.headers["location"].partition("?")[0]) == (301, "/proxies/a%20b/toxics")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/reset"),
        ("PUT", "/proxies"),
        ("DELETE", "/proxies"),
        ("GET", "/populate"),
        ("PUT", "/proxies/x"),
        ("POST", "/version"),
        ("DELETE", "/proxies/x/toxics"),
        ("PUT", "/proxies/x/toxics/y"),
        ("OPTIONS", "/proxies"),
        ("HEAD", "/proxies"),
    ],
)
def test_another_method_is_not_allowed(toxiproxy_api: ToxiproxyClient, method: str, path: str) -> None:
    answer = toxiproxy_api.ask(method, path)
    assert (answer.status, answer.text) == (405, "")


def test_a_query_is_not_looked_at(toxiproxy_api: ToxiproxyClient) -> None:
    assert toxiproxy_api.ask("GET", "/proxies?verbose=1").text == "{}"


def test_a_connection_serves_many_requests(toxiproxy_api: ToxiproxyClient) -> None:
    connection = http.client.HTTPConnection(urlsplit(toxiproxy_api.url).netloc, timeout=60)
    connection.connect()
    kept = connection.sock
    for _ in range(3):
        connection.request("GET", "/proxies")
        assert connection.getresponse().read() == b"{}"
        assert connection.sock is kept
    connection.close()


def test_a_body_may_come_in_chunks(toxiproxy_api: ToxiproxyClient) -> None:
    connection = http.client.HTTPConnection(urlsplit(toxiproxy_api.url).netloc, timeout=60)
    body = json.dumps({"name": "x", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"}).encode()
    pieces = iter([body[:7], body[7:20], body[20:]])
    connection.request("POST", "/proxies", pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    assert connection.getresponse().status == 201
    connection.close()


def test_a_client_that_waits_for_leave_to_send_gets_it(toxiproxy_api: ToxiproxyClient) -> None:
    connection = http.client.HTTPConnection(urlsplit(toxiproxy_api.url).netloc, timeout=60)
    connection.putrequest("POST", "/populate")
    connection.putheader("Content-Length", "2")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
    connection.send(b"[]")
    assert connection.getresponse().status == 201
    connection.close()


def test_what_is_no_request_is_told_so(toxiproxy_api: ToxiproxyClient) -> None:
    connection = http.client.HTTPConnection(urlsplit(toxiproxy_api.url).netloc, timeout=60)
    connection.connect()
    connection.sock.sendall(b"HELLO\r\n\r\n")
    answer = connection.sock.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Connection: close\r\n" in answer
    connection.close()
