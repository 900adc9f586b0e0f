"""Requests in pieces: however they are cut, they are the same requests; and what is none ends the conversation."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from metricrig.relay.toxiproxy.http_conversation import HttpConversation
from metricrig.relay.toxiproxy.http_messages import Request, Response

GET = b"GET /proxies HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /populate HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]"
CHUNKS = (
    b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;a=b\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: 1\r\n\r\n"
)


class Heard:
    """A conversation, and the requests that it has made out."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.conversation = HttpConversation(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(HTTPStatus.OK, request.body, {"X": request.path})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("sent", "requests"),
    [
        (GET, [("GET", "/proxies", b"")]),
        (POST, [("POST", "/populate", b"[]")]),
        (GET + POST + GET, [("GET", "/proxies", b""), ("POST", "/populate", b"[]"), ("GET", "/proxies", b"")]),
        (CHUNKS + GET, [("POST", "/x", b"abc0123456789abcdef"), ("GET", "/proxies", b"")]),
        (b"GET http://127.0.0.1:8474/a%20b?c=d HTTP/1.1\r\n\r\n", [("GET", "/a b", b"")]),
    ],
)
def test_requests_are_the_same_in_pieces_of_any_size(
    sent: bytes, requests: list[tuple[str, str, bytes]], size: int
) -> None:
    heard = Heard()
    back = b"".join(heard.conversation.receive(sent[at : at + size]) for at in range(0, len(sent), size))
    assert [(each.method, each.path, each.body) for each in heard.requests] == requests
    assert back.count(b"HTTP/1.1 200 OK\r\n") == len(requests)
    assert not heard.conversation.ended


def test_an_answer_tells_its_length() -> None:
    assert Heard().conversation.receive(POST) == b"HTTP/1.1 200 OK\r\nX: /populate\r\nContent-Length: 2\r\n\r\n[]"


def test_leave_to_send_is_given_before_the_body_comes() -> None:
    heard = Heard()
    head, body = POST.replace(b"Host: x", b"Expect: 100-continue").split(b"\r\n\r\n")
    assert heard.conversation.receive(head + b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert heard.conversation.receive(body).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("request_head", "kept"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_as_its_client_wishes(request_head: bytes, *, kept: bool) -> None:
    heard = Heard()
    back = heard.conversation.receive(request_head + GET)
    assert heard.conversation.ended is not kept
    assert (b"Connection: close" in back) is not kept
    assert len(heard.requests) == 1 + kept


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"HELLO\r\n\r\n", 400),
        (b"GET / FTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n : x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 20_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000, 431),
        (b"a" * 70_000, 431),
    ],
)
def test_what_is_no_request_ends_the_conversation(sent: bytes, status: int) -> None:
    heard = Heard()
    back = heard.conversation.receive(sent)
    assert back.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close\r\n" in back
    assert heard.conversation.ended
    assert heard.conversation.receive(GET) == b""
    assert heard.requests == []
