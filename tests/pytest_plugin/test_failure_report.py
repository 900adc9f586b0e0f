"""What the report of a failed test says of its servers."""

from __future__ import annotations

import itertools
import re
import shlex
import socket
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import python
from support.waiting import eventually

from metricrig import Rig, ready
from metricrig.pytest_plugin import failure_report

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
    assert part(ran, "test_fails", "its log during this test") == ["ordered /order-one", "ordered /order-two"]


def test_a_long_log_is_shortened_to_its_end(ran: Ran) -> None:
    lines = part(ran, "test_many_lines", "its log during this test")
    assert lines == ["… 50 lines", *(f"ordered /order-{number}" for number in range(50, 60))]


def test_a_failed_test_shows_what_changed_in_the_metrics(ran: Ran) -> None:
    orders, more = part(ran, "test_fails", "changed during this test")
    assert "orders_total" in orders
    assert "+2" in orders
    assert more == "… 1 more (-vv shows all)"  # a language's memory says nothing about a test


def test_no_change_is_said(ran: Ran) -> None:
    assert part(ran, "test_nothing_changes", "changed during this test") == ["nothing"]
    assert part(ran, "test_nothing_changes", "its log during this test") == ["nothing"]


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
    assert part(ran, "test_set_up", "its log during this test") == ["ordered /order-in-set-up"]
    assert part(ran, "test_end", "its log during this test") == ["ordered /order-at-the-end"]


def test_the_sections_are_in_the_output(ran: Ran) -> None:
    assert "- metricrig: shop -" in ran.out


def test_the_command_starts_the_same_by_hand(ran: Ran) -> None:
    """With what is added to the environment, in a shell, after the run."""
    (line,) = part(ran, "test_fails", "start the same by hand")
    port = int(shlex.split(line)[-1])
    with subprocess.Popen(["sh", "-c", f"exec {line}"], stdout=subprocess.DEVNULL) as shop:
        page = eventually(lambda: fetched(port))
        shop.kill()
    assert b'name{name="Smith\'s shop"} 1' in page


def test_the_command_of_a_server_of_the_catalogue_needs_its_directory_only(ran: Ran) -> None:
    (line,) = part(ran, "test_of_another_server", "start the same by hand", server="redis")
    words = shlex.split(line.partition(" … ")[0])
    assert words[0].endswith("redis-server")
    assert words[words.index("--bind") + 1] == "127.0.0.1"


def part(ran: Ran, test: str, title: str, *, server: str = "shop") -> list[str]:
    """The lines below a title."""
    _, _, after = ran.sections(test)[server].partition(f"{title}:\n")
    return [line.strip() for line in itertools.takewhile(lambda line: line.startswith("  "), after.splitlines())]


TROUBLE = """
    import pytest
    from metricrig import Rig, Service
    from metricrig.services import PostgreSQL

    CHATTY = (
        "for i in $(seq 50); do echo checkpoint $i; done; echo 'FATAL: password'; "
        "for i in $(seq 50); do echo late $i; done; exec sleep 1000"
    )

    def test_one_bad_line_among_many():
        with Rig() as rig:
            server = rig.add(Service(name="chatty", command=["sh", "-c", CHATTY]))
            rig.start()
            server.logs.wait("late 50")
            raise ValueError

    def test_a_start_that_fails(rig):
        rig.add(Service(name="broken", command=["sh", "-c", "echo no such database; exit 3"], ports={"http": 80}))
        rig.start()

    @pytest.fixture
    def user(postgresql_server):
        print("printed", postgresql_server.url)
        return postgresql_server

    def test_a_secret(user, rig):
        url = user.url
        assert url == "another", url

    def test_a_secret_passes(user):
        assert len(user.secret) > 20
"""


@pytest.fixture(scope="module")
def trouble(run: Runs) -> Ran:
    return run("-ra", "--showlocals", test_it=TROUBLE)


def test_the_worst_lines_of_a_log_are_shown_and_the_others_counted(trouble: Ran) -> None:
    lines = part(trouble, "test_one_bad_line_among_many", "its log during this test", server="chatty")
    assert lines == ["… 50 lines", "FATAL: password", "… 40 lines", *(f"late {number}" for number in range(41, 51))]


def test_with_two_v_nothing_is_folded(run: Runs) -> None:
    everything = run("-vv", test_it=TROUBLE)
    lines = part(everything, "test_one_bad_line_among_many", "its log during this test", server="chatty")
    assert len(lines) == 101


def test_a_failed_start_shows_the_users_line_and_the_log_once(trouble: Ran) -> None:
    why = trouble.why("test_a_start_that_fails")
    assert ">       rig.start()" in why
    assert "src/metricrig" not in why
    shown = why + trouble.sections("test_a_start_that_fails").get("broken", "")
    assert shown.count("| no such database") + shown.count("  no such database") == 1


def test_no_secret_is_in_a_report(trouble: Ran) -> None:
    assert "postgresql://postgres:***@127.0.0.1" in trouble.why("test_a_secret")
    assert "postgresql" in trouble.sections("test_a_secret")
    assert not re.search(r"postgres:(?!\*\*\*@)[^@\s]+@", trouble.out)
    assert not re.search(r"PGPASSWORD=(?!\*\*\*)", trouble.out)


def test_changes_that_tell_of_trouble_come_first_and_internal_ones_are_counted() -> None:
    changes = ["~ prometheus_tsdb_head_series +1", *(f"+ own{number}_total 1" for number in range(20))]
    changes += ["+ prometheus_rejected_total 3", '~ x_bucket{le="1"} +1']
    shown = failure_report.folded(changes, full=False)
    assert shown == [changes[-2], *changes[1:12], "… 11 more (-vv shows all)"]
    assert failure_report.folded(changes, full=True) == changes
    assert failure_report.folded([], full=False) == ["nothing"]


def fetched(port: int) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(1000), b""))
    except OSError:
        return b""


def test_what_a_server_has_said_does_not_command_the_terminal_of_a_report(rig: Rig) -> None:
    code = r"print('\x1b]0;owned\x07\x1b[2J done', flush=True); time.sleep(1000)"
    instance = rig.add(python("x", code, ready=ready.log("done")))
    rig.start()
    servers_used: Any = SimpleNamespace(instances=lambda: [instance], before={}, closed=[], full=True)
    ((title, text),) = failure_report.sections(servers_used)
    assert title == "metricrig: x"
    assert "\x1b" not in text
    assert r"  \x1b]0;owned\x07\x1b[2J done" in text
