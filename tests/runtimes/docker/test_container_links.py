"""Links to containers: from the test, from other containers of the rig, and from processes beside them."""

from __future__ import annotations

import urllib.request
from types import SimpleNamespace

import pytest
from support.programs import sleeper, web

from metricrig import Instance, Rig, Unavailable
from metricrig.faults.links.link import Link
from metricrig.runtimes.docker.network import Network

REFUSED = 7
"""What curl ends with when it is refused."""


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read())


def curl(visitor: Instance, link: Link) -> int | None:
    return visitor.run(["curl", "-s", link.inside.url], check=False).status


@pytest.mark.parametrize("runtime", ["docker", "process"])
def test_a_container_is_reached_through_its_links_alone_when_one_is_cut(container_engine: str, runtime: str) -> None:
    """Each has one of its own; in a private network, and beside processes."""
    with Rig("linked", runtime=runtime) as rig:
        server = rig.add(web("server", runtime="docker"))
        link, other = rig.link(server), rig.link(server)
        visitor = rig.add(sleeper("visitor", needs=[link], runtime="docker"))
        assert link.inside.url != server.inside.url
        rig.start()
        assert "hello" in fetched(link.url)
        assert curl(visitor, link) == 0
        with link.cut():
            assert curl(visitor, link) == REFUSED
            assert curl(visitor, other) == 0
            assert "hello" in fetched(other.url)
        assert curl(visitor, link) == 0
        with link.slow(latency=0.05), link.stall():
            held = visitor.run(["curl", "-s", "-m", "0.3", link.inside.url], check=False)
            assert held.status == 28  # time ran out
        assert curl(visitor, link) == 0
        assert link.counts.accepted >= 4


def test_an_engine_elsewhere_has_no_links_and_says_why() -> None:
    elsewhere = SimpleNamespace(rootless=False, client=None)
    with pytest.raises(Unavailable, match="what to do: use an engine of this very machine that root runs"):
        Network(elsewhere, "far", {}).gateway(here=False)  # type: ignore[arg-type]
