"""What may stand between braces, and what is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metricrig import Placement, Service, UsageError
from metricrig.placement import Ports


def placement() -> Placement:
    ports = Ports(http=8000, admin=8001)
    return Placement(rig="r-1", name="shop", host="127.0.0.1", port=ports, dir=Path("/d"), secret="s3")


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("plain", "plain"),
        ("{name}@{host}:{port}", "shop@127.0.0.1:8000"),
        ("{port[admin]}{port[http]}", "80018000"),
        ("{{{port}}}", "{8000}"),
        ("{{port}}", "{port}"),
        ("{dir}/x", "/d/x"),
        ("}}{{", "}{"),
        ("", ""),
    ],
)
def test_names_and_one_index_are_filled_in(text: str, rendered: str) -> None:
    assert placement().render(text) == rendered


REFUSED = [
    ("{port:{host}}", "a single {"),
    ("{port:05d}", r"\{port:05d\} is no placeholder"),
    ("{dir!z}", r"\{dir!z\} is no placeholder"),
    ("{dir!r}", r"\{dir!r\} is no placeholder"),
    ("{port.__init__.__globals__}", "no attributes"),
    ("{port[http].real}", "is no placeholder"),
    ("{port[http][0]}", "is no placeholder"),
    ("{dir[0]}", r"\{dir\} has no index"),
    ("{}", r"\{\} is no placeholder"),
    ("{0}", r"unknown placeholder \{0\}"),
    ("{ port }", "is no placeholder"),
    ("{prot}", r"unknown placeholder \{prot\}"),
    ("{", "a single {"),
    ("x } y", "a single }"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_anything_else_is_refused_when_it_is_written_and_what_works_is_said(text: str, why: str) -> None:
    for fields in (
        {"command": ["x", text]},
        {"command": ["x"], "env": {"A": text}},
        {"command": ["x"], "files": {"f": text}},
        {"command": ["x"], "url": text},
        {"command": ["x"], "cwd": text},
    ):
        with pytest.raises(UsageError, match=why) as refused:
            Service(name="shop", ports={"http": 80}, **fields)
        assert "known: {rig}, {name}, {host}" in str(refused.value)
        assert "a brace that is meant literally is doubled" in str(refused.value)
    with pytest.raises(UsageError, match=why):
        placement().render(text)


def test_a_port_that_the_service_does_not_have_is_refused_when_it_is_written() -> None:
    with pytest.raises(UsageError, match=r"no port is named 'htpp'\n  what works: \{port\[http\]\}"):
        Service(name="shop", command=["x", "{port[htpp]}"], ports={"http": 80})
    with pytest.raises(UsageError, match="and it has no ports"):
        Service(name="shop", command=["x", "{port}"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="{}[]port.ahl!:_0", max_size=12))
def test_whatever_is_written_is_filled_in_or_refused_and_never_looked_into(text: str) -> None:
    try:
        rendered = placement().render(text)
    except UsageError:
        return
    assert "<" not in rendered
    assert rendered.count("{") <= text.count("{{")
