"""Proxies: made, shown, changed, taken down, in bulk. Each scenario runs on the real Toxiproxy and on a rig's links."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from support.upstreams import Upstream, dial, exactly, hung_up_on, parting, until_end

from metricrig._core.ports import Reservation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.toxiproxy_client import ToxiproxyClient

NOT_FOUND = (404, "proxy not found")


@pytest.fixture
def free_address() -> Iterator[str]:
    """A port of 127.0.0.1 that is the test's, and on which nobody listens."""
    kept = Reservation()
    yield f"127.0.0.1:{kept.port}"
    kept.release()


def port(proxy: dict[str, Any]) -> str:
    number: str = proxy["listen"].rpartition(":")[2]
    return number


def up(proxy: dict[str, Any]) -> bool:
    """Whether it accepts, and its upstream answers."""
    try:
        with dial(proxy["listen"]) as connection:
            connection.sendall(b"ping")
            return exactly(connection, 4) == b"ping"
    except ConnectionError:
        return False


def ended(connection: socket.socket) -> bool:
    """Whether the other side ends it, in whichever way."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_proxy_is_shown_as_it_was_made(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.ask(
        "POST", "/proxies", {"name": "redis", "listen": "127.0.0.1:0", "upstream": upstream.address}
    )
    assert (made.status, made.type) == (201, "application/json")
    assert made.content == {
        "name": "redis",
        "listen": made.content["listen"],
        "upstream": upstream.address,
        "enabled": True,
        "toxics": [],
    }
    assert int(port(made.content)) > 0
    assert toxiproxy_api.get("/proxies/redis") == made.content
    assert toxiproxy_api.get("/proxies") == {"redis": made.content}
    assert up(made.content)


def test_there_are_no_proxies_at_first(toxiproxy_api: ToxiproxyClient) -> None:
    answer = toxiproxy_api.ask("GET", "/proxies")
    assert (answer.status, answer.text, answer.type) == (200, "{}", "application/json")


@pytest.mark.parametrize("listen", ["localhost:0", "LOCALHOST:0"])
def test_a_name_of_this_machine_is_shown_as_its_address(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream, listen: str
) -> None:
    assert toxiproxy_api.proxy("redis", upstream.address, listen)["listen"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "missing required field: name"),
        ({"name": ""}, "missing required field: name"),
        ({"name": None, "upstream": "127.0.0.1:1"}, "missing required field: name"),
        ({"upstream": "127.0.0.1:1"}, "missing required field: name"),
        ({"name": "x"}, "missing required field: upstream"),
        ({"name": "x", "upstream": ""}, "missing required field: upstream"),
        (b"", "bad request body: EOF"),
        (b"null", "missing required field: name"),
        (b"{", "bad request body: unexpected EOF"),
        (b"what?", "bad request body: invalid character 'w' looking for beginning of value"),
    ],
)
def test_what_is_no_proxy_is_refused(toxiproxy_api: ToxiproxyClient, body: object, error: str) -> None:
    answer = toxiproxy_api.ask("POST", "/proxies", body)
    assert answer.error == (400, error)
    assert answer.type == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.endswith("}\n")


@pytest.mark.parametrize(
    "fields",
    [{"name": 1}, {"upstream": ["x"]}, {"enabled": "yes"}, {"listen": {}}, {"enabled": 1}, [], "x", 7, [{"name": "x"}]],
)
def test_fields_of_another_type_are_refused(toxiproxy_api: ToxiproxyClient, fields: Any) -> None:
    whole = {"name": "x", "upstream": "127.0.0.1:1", **fields} if isinstance(fields, dict) else fields
    status, error = toxiproxy_api.ask("POST", "/proxies", whole).error
    assert status == 400
    assert error.startswith("bad request body: json: cannot unmarshal ")
    assert toxiproxy_api.get("/proxies") == {}


def test_fields_are_read_in_any_case_and_unknown_ones_are_ignored(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream
) -> None:
    body = {"NAME": "x", "Upstream": upstream.address, "listen": "127.0.0.1:0", "colour": "red", "enabled": None}
    made = toxiproxy_api.post("/proxies", body)
    assert (made["name"], made["upstream"], made["enabled"]) == ("x", upstream.address, True)
    assert "colour" not in made


def test_what_follows_the_body_is_not_looked_at(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    body = b'{"name": "x", "listen": "127.0.0.1:0", "upstream": "%s"} and more' % upstream.address.encode()
    assert toxiproxy_api.ask("POST", "/proxies", body).status == 201


def test_a_name_is_given_once(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    toxiproxy_api.proxy("redis", upstream.address)
    again = {"name": "redis", "listen": "127.0.0.1:0", "upstream": upstream.address}
    assert toxiproxy_api.ask("POST", "/proxies", again).error == (409, "proxy already exists")


def test_a_port_is_given_once(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    taken = toxiproxy_api.proxy("redis", upstream.address)["listen"]
    again = {"name": "other", "listen": taken, "upstream": upstream.address}
    error = (500, f"listen tcp {taken}: bind: address already in use")
    assert toxiproxy_api.ask("POST", "/proxies", again).error == error
    assert list(toxiproxy_api.get("/proxies")) == ["redis"]
    toxiproxy_api.delete("/proxies/redis")
    assert toxiproxy_api.post("/proxies", again)["listen"] == taken


@pytest.mark.parametrize(
    ("listen", "error"),
    [
        ("local373", "listen tcp: address local373: missing port in address"),
        ("127.0.0.1:99999", "listen tcp: address 99999: invalid port"),
        ("127.0.0.1:1:2", "listen tcp: address 127.0.0.1:1:2: too many colons in address"),
    ],
)
def test_an_address_that_is_none_is_an_error(toxiproxy_api: ToxiproxyClient, listen: str, error: str) -> None:
    body = {"name": "x", "listen": listen, "upstream": "127.0.0.1:1"}
    assert toxiproxy_api.ask("POST", "/proxies", body).error == (500, error)
    assert toxiproxy_api.get("/proxies") == {}


def test_a_disabled_proxy_does_not_listen_and_shows_what_was_asked_for(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream, free_address: str
) -> None:
    asked = free_address.replace("127.0.0.1", "localhost")
    made = toxiproxy_api.proxy("redis", upstream.address, asked, enabled=False)
    assert (made["listen"], made["enabled"]) == (asked, False)
    assert not up({"listen": free_address})
    enabled = toxiproxy_api.patch("/proxies/redis", {"enabled": True})
    assert (enabled["listen"], enabled["enabled"]) == (free_address, True)
    assert up(enabled)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_disabling_ends_connections_and_refuses_new_ones_until_it_is_enabled(
    toxiproxy_api: ToxiproxyClient, upstream: Upstream, method: str
) -> None:
    made = toxiproxy_api.proxy("redis", upstream.address)
    with dial(made["listen"]) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"
        disabled = toxiproxy_api.ask(method, "/proxies/redis", {"enabled": False})
        assert (disabled.status, disabled.content) == (200, {**made, "enabled": False})
        assert ended(connection)
    assert not up(made)
    assert toxiproxy_api.ask(method, "/proxies/redis", {"enabled": True}).content == made
    assert up(made)


def test_disabling_twice_is_fine(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.proxy("redis", upstream.address)
    for enabled in (False, False, True, True):
        assert toxiproxy_api.patch("/proxies/redis", {"enabled": enabled}) == {**made, "enabled": enabled}
    assert up(made)


def test_a_change_that_changes_nothing_ends_no_connection(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.proxy("redis", upstream.address)
    by_name = f"localhost:{port(made)}"
    with dial(made["listen"]) as connection:
        for same in ({}, {"listen": by_name}, {"upstream": upstream.address}, made, {"name": "another"}):
            assert toxiproxy_api.patch("/proxies/redis", same) == made
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"


def test_a_proxy_keeps_its_port_when_it_leads_elsewhere(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.proxy("redis", upstream.address)
    with Upstream(parting(b"the other")) as other, dial(made["listen"]) as connection:
        changed = toxiproxy_api.patch("/proxies/redis", {"upstream": other.address})
        assert changed == {**made, "upstream": other.address}
        assert ended(connection)
        with dial(made["listen"]) as another:
            assert until_end(another) == b"the other"


def test_a_proxy_moves_to_another_port(toxiproxy_api: ToxiproxyClient, upstream: Upstream, free_address: str) -> None:
    made = toxiproxy_api.proxy("redis", upstream.address)
    moved = toxiproxy_api.patch("/proxies/redis", {"listen": free_address})
    assert moved == {**made, "listen": free_address}
    assert up(moved)
    assert not up(made)


def test_a_disabled_proxy_is_changed_and_stays_disabled(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.proxy("redis", "127.0.0.1:1")
    toxiproxy_api.patch("/proxies/redis", {"enabled": False})
    changed = toxiproxy_api.patch("/proxies/redis", {"upstream": upstream.address})
    assert changed == {**made, "upstream": upstream.address, "enabled": False}
    assert up(toxiproxy_api.patch("/proxies/redis", {"enabled": True}))


def test_a_proxy_that_cannot_move_is_disabled(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    taken = toxiproxy_api.proxy("other", upstream.address)["listen"]
    made = toxiproxy_api.proxy("redis", upstream.address)
    answer = toxiproxy_api.ask("PATCH", "/proxies/redis", {"listen": taken})
    assert answer.error == (500, f"listen tcp {taken}: bind: address already in use")
    assert toxiproxy_api.get("/proxies/redis") == {**made, "listen": taken, "enabled": False}


def test_a_change_to_no_address_changes_nothing(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.proxy("redis", upstream.address)
    error = (500, "address local373: missing port in address")
    assert toxiproxy_api.ask("PATCH", "/proxies/redis", {"listen": "local373"}).error == error
    assert toxiproxy_api.ask("PATCH", "/proxies/redis", b"{").error[0] == 400
    assert toxiproxy_api.get("/proxies/redis") == made
    assert up(made)


def test_a_deleted_proxy_is_gone(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.proxy("redis", upstream.address)
    with dial(made["listen"]) as connection:
        deleted = toxiproxy_api.ask("DELETE", "/proxies/redis")
        assert (deleted.status, deleted.text) == (204, "")
        assert ended(connection)
    assert not up(made)
    assert toxiproxy_api.get("/proxies") == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/proxies/none"),
        ("POST", "/proxies/none"),
        ("PATCH", "/proxies/none"),
        ("DELETE", "/proxies/none"),
        ("GET", "/proxies/none/toxics"),
        ("POST", "/proxies/none/toxics"),
        ("GET", "/proxies/none/toxics/x"),
        ("PATCH", "/proxies/none/toxics/x"),
        ("DELETE", "/proxies/none/toxics/x"),
    ],
)
def test_a_proxy_that_is_not_there_is_not_found(toxiproxy_api: ToxiproxyClient, method: str, path: str) -> None:
    """Whatever the body."""
    assert toxiproxy_api.ask(method, path, b"{").error == NOT_FOUND


def test_a_name_may_have_any_character_but_a_slash(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
    made = toxiproxy_api.proxy("a b?ü", upstream.address)
    assert toxiproxy_api.get("/proxies/a%20b%3F%C3%BC") == made
    assert up(made)


def test_an_upstream_that_refuses_ends_the_connection(toxiproxy_api: ToxiproxyClient) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        made = toxiproxy_api.proxy("nobody", f"127.0.0.1:{nobody.getsockname()[1]}")
        assert hung_up_on(made["listen"])


class TestPopulate:
    """Many proxies at once."""

    def test_makes_what_is_listed(self, toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
        one = {"name": "one", "listen": "127.0.0.1:0", "upstream": upstream.address}
        answer = toxiproxy_api.ask("POST", "/populate", [one, {**one, "name": "two", "enabled": False}])
        assert (answer.status, answer.type) == (201, "application/json")
        assert list(answer.content) == ["proxies"]
        first, second = answer.content["proxies"]
        assert first == {**one, "listen": first["listen"], "enabled": True, "toxics": []}
        assert second == {**one, "name": "two", "enabled": False, "toxics": []}
        assert up(first)
        assert toxiproxy_api.get("/proxies") == {"one": first, "two": second}

    def test_leaves_alone_what_is_the_same(self, toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
        made = toxiproxy_api.proxy("one", upstream.address)
        toxiproxy_api.toxic("one", "latency", latency=1)
        before = toxiproxy_api.get("/proxies/one")
        by_name = {"name": "one", "listen": f"localhost:{port(made)}", "upstream": upstream.address, "enabled": False}
        assert toxiproxy_api.post("/populate", [by_name]) == {"proxies": [before]}

    def test_replaces_what_differs(self, toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
        made = toxiproxy_api.proxy("one", "127.0.0.1:1")
        toxiproxy_api.toxic("one", "latency", latency=1)
        wanted = {"name": "one", "listen": made["listen"], "upstream": upstream.address}
        replaced = {**made, "upstream": upstream.address}
        assert toxiproxy_api.post("/populate", [wanted]) == {"proxies": [replaced]}
        assert up(replaced)

    def test_of_nothing_is_fine(self, toxiproxy_api: ToxiproxyClient) -> None:
        assert toxiproxy_api.post("/populate", []) == {"proxies": None}

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ([{"name": "one", "upstream": "127.0.0.1:1"}, {"name": ""}], "missing required field: name at proxy 2"),
            ([{"name": "one"}], "missing required field: upstream at proxy 1"),
            (b"", "bad request body: EOF"),
            (b"[", "bad request body: unexpected EOF"),
        ],
    )
    def test_checks_all_before_it_makes_any(self, toxiproxy_api: ToxiproxyClient, body: object, error: str) -> None:
        answer = toxiproxy_api.ask("POST", "/populate", body)
        assert (answer.status, answer.type) == (400, "application/json")
        assert answer.content == {"error": error, "status": 400, "proxies": None}
        assert toxiproxy_api.get("/proxies") == {}

    @pytest.mark.parametrize("body", [{}, {"name": "one"}, "one", [1], [{"name": 1}], [{"enabled": 1}]])
    def test_wants_a_list_of_proxies(self, toxiproxy_api: ToxiproxyClient, body: object) -> None:
        answer = toxiproxy_api.ask("POST", "/populate", body)
        assert (answer.status, answer.content["proxies"]) == (400, None)
        assert answer.content["error"].startswith("bad request body: json: cannot unmarshal ")

    def test_keeps_those_before_the_one_that_cannot_be(
        self, toxiproxy_api: ToxiproxyClient, upstream: Upstream
    ) -> None:
        one = {"name": "one", "listen": "127.0.0.1:0", "upstream": upstream.address}
        answer = toxiproxy_api.ask(
            "POST", "/populate", [one, {**one, "name": "two", "listen": "local373"}, {**one, "name": "three"}]
        )
        assert answer.status == 500
        assert answer.content == {
            "error": "listen tcp: address local373: missing port in address",
            "status": 500,
            "proxies": list(toxiproxy_api.get("/proxies").values()),
        }
        assert [each["name"] for each in answer.content["proxies"]] == ["one"]


class TestReset:
    """Everything as it was."""

    def test_enables_all_and_removes_toxics(self, toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> None:
        made = toxiproxy_api.proxy("one", upstream.address)
        toxiproxy_api.toxic("one", "latency", latency=60_000)
        toxiproxy_api.toxic("one", "bandwidth", "upstream", rate=1)
        toxiproxy_api.patch("/proxies/one", {"enabled": False})
        reset = toxiproxy_api.ask("POST", "/reset")
        assert (reset.status, reset.text) == (204, "")
        assert toxiproxy_api.get("/proxies") == {"one": made}
        assert up(made)

    def test_of_nothing_is_fine(self, toxiproxy_api: ToxiproxyClient) -> None:
        assert toxiproxy_api.ask("POST", "/reset").status == 204
