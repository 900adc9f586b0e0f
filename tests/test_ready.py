"""Each probe against a real server that says yes, no, or nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.programs import python, sleeper

from metricrig import Instance, Rig, ready
from metricrig.probe import as_probe

EVERY_RUNTIME = True
PAGE = """# TYPE up gauge
up 1
orders_total{status="ok"} 3
"""


@pytest.fixture
def shop(rig: Rig) -> Instance:
    code = f"""
    class Page(Quiet):
        def do_GET(self):
            known = self.path in ("/metrics", "/healthz")
            self.send_response(200 if known else 404); self.end_headers()
            self.wfile.write({PAGE!r}.encode() if self.path == "/metrics" else b"a page")
    print("serving")
    http.server.ThreadingHTTPServer((HOST, int(sys.argv[1])), Page).serve_forever()
    """
    instance = rig.add(python("shop", code, "{port}", ports={"http": 80, "unused": 81}, ready=ready.tcp("http")))
    rig.start()
    return instance


@pytest.mark.parametrize(
    ("probe", "yes", "said"),
    [
        (ready.tcp(), True, "accepts connections"),
        (ready.tcp("unused"), False, "connection refused"),
        (ready.http("/healthz"), True, "/healthz: 200"),
        (ready.http("/nothing"), False, "/nothing: 404 'a page'"),
        (ready.http("/nothing", status=404), True, "404"),
        (ready.http("/nothing", status=[200, 404]), True, "404"),
        (ready.http("/", port="unused"), False, "connection refused"),
        (ready.reply(b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 404"), True, "replied b'HTTP/1.0 404"),
        (ready.reply(b"GET / HTTP/1.0\r\n\r\n", b"+PONG", b"-NOAUTH"), False, "replied b'HTTP/1.0 404"),
        (ready.reply(b"PING", b"+PONG", port="unused"), False, "connection refused"),
        (ready.log("^serving$"), True, "the log says 'serving'"),
        (ready.log("never"), False, "no line of the log matches 'never' yet"),
        (ready.metric("up"), True, "/metrics has up"),
        (ready.metric("orders_total"), True, "/metrics has orders_total"),
        (ready.metric("orders"), False, "no sample of orders in it"),
        (ready.metric("up", path="/nothing"), False, "404"),
        (ready.metric("up", port="unused"), False, "connection refused"),
        (ready.command("sh", "-c", "exit 0"), True, "exited 0"),
        (ready.command("sh", "-c", "echo {port} >&2; exit 3"), False, "exited 3: "),
        (ready.all_of(ready.tcp(), ready.log("serving")), True, "port (first) and a line"),
        (ready.all_of(ready.tcp(), ready.log("never"), ready.tcp("unused")), False, "'never'"),
        (ready.any_of(ready.log("never"), ready.tcp()), True, "accepts connections"),
        (ready.any_of(ready.log("never"), ready.tcp("unused")), False, "yet; 127.0.0.1"),
        (ready.all_of(ready.tcp(), lambda _: True), True, "to be true"),
        (as_probe(lambda instance: instance.port > 0), True, "it returned True"),
        (as_probe(lambda _: None), False, "it returned None"),
    ],
)
def test_a_probe_says_whether_and_why(shop: Instance, probe: Any, yes: bool, said: str) -> None:
    answer = probe.ask(shop)
    assert bool(answer) is yes
    assert said in answer.said


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (ready.tcp("http"), "a connection to port http"),
        (ready.http("/x"), "GET /x answered with 200-299"),
        (ready.http("/x", status=[200, 404]), "GET /x answered with 200 or 404"),
        (ready.reply(b"PING", b"+PONG", b"-NOAUTH"), "b'+PONG' or b'-NOAUTH' in reply to b'PING'"),
        (ready.log("up$"), "a line of its log that matches 'up$'"),
        (ready.metric("up"), "a sample of up on /metrics"),
        (ready.command("pg_isready", "-q"), "pg_isready -q exiting with 0"),
        (ready.any_of(ready.tcp("a"), ready.tcp("b")), "a connection to port a or a connection to port b"),
    ],
)
def test_a_probe_says_what_would_satisfy_it(probe: Any, words: str) -> None:
    assert str(probe) == words


@contextmanager
def server_that_says(answer: bytes) -> Iterator[int]:
    """A server that answers anything with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.process_only("the server is one of this machine")
def test_an_answer_that_is_not_http_is_shown(rig: Rig) -> None:
    instance = rig.add(sleeper("x", ports={"http": 1}, ready=lambda _: True))
    rig.start()
    with server_that_says(b"220 mail.example.org ESMTP\r\n") as port:
        instance.ports["http"] = port
        answer = ready.http("/").ask(instance)
    assert not answer
    assert "not an http answer: b'220 mail" in answer.said.lower()


def test_a_wrong_pattern_is_refused_when_it_is_given() -> None:
    with pytest.raises(Exception, match="unterminated"):
        ready.log("(")


def test_the_default_is_that_all_ports_accept_connections(rig: Rig) -> None:
    code = """
    import threading
    threading.Thread(target=serve, args=[sys.argv[1]]).start(); time.sleep(0.2); serve(sys.argv[2])
    """
    instance = rig.add(python("two", code, "{port[a]}", "{port[b]}", ports={"a": 1, "b": 2}))
    rig.start()
    assert ready.tcp("a").ask(instance)
    assert ready.tcp("b").ask(instance)


def test_a_server_that_accepts_and_says_nothing_costs_a_try_and_not_the_whole_wait(rig: Rig) -> None:
    code = "s = socket.create_server((HOST, int(sys.argv[1]))); time.sleep(1000)"
    silent = rig.add(python("silent", code, "{port}", ports={"p": 1}))
    rig.start()
    answer = ready.http("/").ask(silent)
    assert not answer
    assert "no answer in 2 s" in answer.said
