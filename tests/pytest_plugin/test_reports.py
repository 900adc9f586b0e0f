"""What the report of a failed test says of its servers."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

if TYPE_CHECKING:
    from support.suites import Ran, Runs

SHOP = """
    import http.server, os, sys

    class Shop(http.server.BaseHTTPRequestHandler):
        orders = 0

        def do_GET(self):
            if self.path.startswith("/order"):
                Shop.orders += 1
                print("ordered", self.path, flush=True)
            name = os.environ["SHOP_NAME"]
            page = f'orders_total {Shop.orders}\\nnothing_total 5\\ngo_bytes {Shop.orders}\\nname{{name="{name}"}} 1\\n'
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *words):
            pass

    if __name__ == "__main__":
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
"""

CONFTEST = """
    import sys
    from pathlib import Path
    from metricrig import Service
    from metricrig.pytest import service

    shop = service(
        Service(
            name="shop",
            command=[sys.executable, str(Path(__file__).with_name("shop.py")), "{port}"],
            env={"SHOP_NAME": "Smith's shop"},
            ports={"http": 8000},
            metrics="/metrics",
        )
    )
"""

TESTS = """
    import urllib.request
    import pytest

    def order(shop, what):
        urllib.request.urlopen(f"{shop.url}/order-{what}").close()

    def test_earlier(shop):
        order(shop, "earlier")

    def test_fails(shop):
        order(shop, "one")
        order(shop, "two")
        raise ValueError("too expensive")

    def test_passes(shop):
        order(shop, "later")

    def test_nothing_changes(shop):
        raise ValueError

    def test_of_another_server(redis_server):
        raise ValueError

    def test_asking_while_it_runs(request):
        request.getfixturevalue("redis_server")
        raise ValueError

    def test_of_no_server():
        raise ValueError

    def test_not_alive(shop):
        shop.kill()
        raise ValueError

    def test_paused(shop):
        shop.pause()
        raise ValueError

    def test_own_rig(rig, shop):
        from metricrig import Service
        rig.add(Service(name="sleeper", command=["sleep", "1000"]))
        rig.start()
        raise ValueError

    def test_many_lines(shop):
        for number in range(60):
            order(shop, number)
        raise ValueError

    @pytest.fixture
    def failing_set_up(shop):
        order(shop, "in-set-up")
        raise ValueError

    def test_set_up(failing_set_up):
        pass

    @pytest.fixture
    def failing_end(shop, rig):
        yield
        order(shop, "at-the-end")
        raise ValueError

    def test_end(failing_end):
        pass

    @pytest.mark.xfail(reason="known")
    def test_expected(shop):
        raise ValueError
"""


@pytest.fixture(scope="module")
def ran(run: Runs) -> Ran:
    return run("-ra", shop=SHOP, conftest=CONFTEST, test_it=TESTS)


def test_a_failed_test_shows_its_own_part_of_the_log(ran: Ran) -> None:
    text = ran.sections("test_fails")["shop"]
    assert text.endswith("its log during this test:\n  ordered /order-one\n  ordered /order-two")


def test_a_long_log_is_shortened_to_its_end(ran: Ran) -> None:
    text = ran.sections("test_many_lines")["shop"]
    assert "  … 20 lines before\n  ordered /order-20\n" in text
    assert text.endswith("  ordered /order-59")


def test_a_failed_test_shows_what_changed_in_the_metrics(ran: Ran) -> None:
    text = ran.sections("test_fails")["shop"]
    changed = text.partition("changed during this test:\n")[2].partition("its log")[0]
    assert "orders_total" in changed
    assert "+2" in changed
    assert "nothing_total" not in changed
    assert "go_bytes" not in changed  # a language's memory says nothing about a test


def test_no_change_is_said(ran: Ran) -> None:
    assert "changed during this test:\n  nothing\n" in ran.sections("test_nothing_changes")["shop"]
    assert ran.sections("test_nothing_changes")["shop"].endswith("its log during this test:\n  nothing")


@pytest.mark.parametrize(
    ("test", "state"),
    [
        ("test_fails", r"<Instance shop ready 127\.0\.0\.1:\d+ pid=\d+ up=[\d.]+s>"),
        ("test_not_alive", r"<Instance shop stopped 127\.0\.0\.1:\d+>"),
        ("test_paused", r"<Instance shop paused 127\.0\.0\.1:\d+ pid=\d+ up=[\d.]+s>"),
    ],
)
def test_a_failed_test_shows_whether_its_server_lives(ran: Ran, test: str, state: str) -> None:
    assert re.match(state, ran.sections(test)["shop"])


def test_only_servers_that_the_test_used_are_shown(ran: Ran) -> None:
    assert list(ran.sections("test_of_another_server")) == ["redis"]
    assert list(ran.sections("test_asking_while_it_runs")) == ["redis"]
    assert ran.sections("test_of_no_server") == {}
    assert sorted(ran.sections("test_own_rig")) == ["shop", "sleeper"]


@pytest.mark.parametrize("test", ["test_earlier", "test_passes", "test_expected"])
def test_a_test_that_does_not_fail_shows_nothing(ran: Ran, test: str) -> None:
    assert ran.sections(test) == {}


def test_a_failed_set_up_or_end_shows_its_servers_too(ran: Ran) -> None:
    assert ran.sections("test_set_up")["shop"].endswith("its log during this test:\n  ordered /order-in-set-up")
    assert ran.sections("test_end")["shop"].endswith("its log during this test:\n  ordered /order-at-the-end")


def test_the_sections_are_in_the_output(ran: Ran) -> None:
    assert "- metricrig: shop -" in ran.out


def test_the_command_starts_the_same_by_hand(ran: Ran) -> None:
    """With what is added to the environment, in a shell, after the run."""
    text = ran.sections("test_fails")["shop"]
    line = text.partition("start the same by hand:\n  ")[2].partition("\nchanged during")[0]
    port = int(shlex.split(line)[-1])
    with subprocess.Popen(["sh", "-c", f"exec {line}"], stdout=subprocess.DEVNULL) as shop:
        page = eventually(lambda: fetched(port))
        shop.kill()
    assert b'name{name="Smith\'s shop"} 1' in page


def test_the_command_of_a_server_of_the_catalogue_needs_its_directory_only(ran: Ran) -> None:
    text = ran.sections("test_of_another_server")["redis"]
    words = shlex.split(text.partition("start the same by hand:\n  ")[2].partition("\n")[0])
    assert words[0].endswith("redis-server")
    assert words[words.index("--bind") + 1] == "127.0.0.1"


def fetched(port: int) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(1000), b""))
    except OSError:
        return b""
