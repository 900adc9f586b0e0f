"""Disconnected: a container that reaches nobody and is reached by nobody, and afterwards is where it was."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from support.programs import sleeper, web

from metricrig import Instance, Rig, Unavailable, UsageError
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.runtimes.docker.container_network import ContainerNetwork


def fetched(instance: Instance) -> str:
    with urllib.request.urlopen(instance.url, timeout=5) as answer:
        return str(answer.read())


def test_it_reaches_nobody_and_is_reached_by_nobody(container_engine: str) -> None:
    with Rig("apart", runtime="docker") as rig:
        server, visitor, other = rig.add(web("server")), rig.add(sleeper("visitor")), rig.add(web("other"))
        rig.start()
        with server.disconnected() as apart:
            assert apart.evidence == "it has no interface but its own loopback"
            with pytest.raises((urllib.error.URLError, ConnectionError)):
                fetched(server)
            asked = visitor.run(["curl", "-s", "-m", "2", server.inside.url], check=False)
            assert asked.status not in {0, None}
            assert visitor.run(["curl", "-s", other.inside.url]).out.startswith("hello from")
            assert server.state == "ready"
        assert "it is ready" in apart.healing_evidence
        assert "hello from" in fetched(server)
        assert visitor.run(["curl", "-s", server.inside.url]).out.startswith("hello from")  # by its name
        with server.disconnected() as apart:
            server.kill()
        assert "nothing is left to heal" in apart.healing_evidence


def test_one_that_is_not_taken_or_not_given_back_is_an_error(
    container_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Rig("apart", runtime="docker") as rig:
        server = rig.add(web("server"))
        rig.start()
        with monkeypatch.context() as patched:
            patched.setattr(ContainerNetwork, "disconnect", lambda _: None)
            with pytest.raises(FaultWithoutEffect, match="no interface but its own loopback"):
                server.disconnected().start()
        fault = server.disconnected().start()
        with monkeypatch.context() as patched:
            patched.setattr(ContainerNetwork, "connect", lambda _: None)
            with pytest.raises(FaultNotHealed, match="the interface of its network"):
                fault.heal()
        fault.heal()
        assert "hello from" in fetched(server)


def test_what_shares_this_machines_network_is_refused_with_another_way(container_engine: str, rig: Rig) -> None:
    process, guest = rig.add(web("process")), rig.add(web("guest", runtime="docker"))
    with pytest.raises(UsageError, match="needs process running"):
        process.disconnected().start()
    rig.start()
    for each in (process, guest):
        with pytest.raises(Unavailable, match="cut the link that leads to it"):
            each.disconnected().start()
