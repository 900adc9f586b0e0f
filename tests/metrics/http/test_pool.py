"""Connections are kept, noticed when they are gone, and say exactly what they know."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.receiver import Handler, receiving, status

from metricrig import UsageError
from metricrig.metrics.http.client import Server

OK = status(204)


def test_connections_are_used_again_by_one_after_another_and_by_many_at_once() -> None:
    ports: list[int] = []

    def reply(handler: Handler) -> None:
        ports.append(handler.client_address[1])
        OK(handler)

    with receiving(reply) as receiver:
        server = Server(receiver.url)
        for _ in range(5):
            assert server.request("POST", server.address("/x"), body=b"x").ok
        assert len(set(ports)) == 1
        with ThreadPoolExecutor(8) as workers:
            several = [workers.submit(server.request, "POST", receiver.url, body=b"x") for _ in range(200)]
            assert all(each.result().ok for each in several)
        server.close()


def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used() -> None:
    def last(handler: Handler) -> None:
        OK(handler)
        handler.close_connection = True

    with receiving(last) as receiver:
        server = Server(receiver.url)
        for _ in range(3):
            assert server.request("POST", receiver.url, body=b"x").ok
            time.sleep(0.05)


def test_an_answer_to_a_body_that_is_not_read_is_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!")

        thread = threading.Thread(target=refuse)
        thread.start()
        server = Server(f"http://127.0.0.1:{listening.getsockname()[1]}")
        answer = server.request("POST", server.address("/write"), body=bytes(50_000_000))
        thread.join()
    assert (answer.status, answer.text) == (413, "no!")


def test_a_path_may_have_any_characters() -> None:
    paths: list[str] = []

    def reply(handler: Handler) -> None:
        paths.append(handler.path)
        OK(handler)

    with receiving(reply) as receiver:
        server = Server(receiver.url.removeprefix("http://") + "/base/")
        server.form("/label/é #1?/values")
        server.request("POST", server.address("/x", [("a[]", "b c&é")]))
        server.close()
    assert paths == ["/base/label/%C3%A9%20%231?/values", "/base/x?a%5B%5D=b+c%26%C3%A9"]


@pytest.mark.parametrize("url", ["", "ftp://here", "http://", "http://here:port", "http://[::1"])
def test_what_is_no_url_of_a_server_is_said(url: str) -> None:
    with pytest.raises(UsageError, match="no URL of a server"):
        Server(url)
