"""Links to servers that no rig runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from support.waiting import eventually

from metricrig import MetricrigError, UsageError
from metricrig._core.process_id import ProcessId
from metricrig.links import link_to


def test_a_link_leads_to_any_address_until_it_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with link_to(f"postgresql://me:secret@localhost:{port}/shop?sslmode=disable") as link:
            assert link.url == f"postgresql://me:secret@127.0.0.1:{link.port}/shop?sslmode=disable"
            assert repr(link) == f"<FreeLink link {link.address()}>"
            relay = link._relay
            assert relay is not None
            with socket.create_connection((link.host, link.port), 30) as near, server.accept()[0] as far:
                near.sendall(b"hello")
                assert far.recv(5) == b"hello"
                with link.cut(), pytest.raises(ConnectionResetError):
                    near.recv(1)
            stall = link.stall().start()
        assert not stall.in_force
        eventually(lambda: ProcessId.of(relay.pid) is None)
        assert not link._directory.exists()
        link.close()
    with link_to(f"127.0.0.1:{port}", name="cache") as other:
        assert other.url == other.address()
        assert other.name == "cache"


def test_what_is_no_address_is_refused_with_one_that_is() -> None:
    for wrong in ("127.0.0.1", "redis://127.0.0.1", "", 6379, "127.0.0.1:http"):
        with pytest.raises(UsageError, match=r"link_to\(\"127.0.0.1:5432\"\)"):
            link_to(wrong)  # type: ignore[arg-type]
    with pytest.raises(MetricrigError, match="nobody knows"):
        link_to("no-such-host.invalid:80")


def test_one_that_nobody_closes_goes_with_the_process() -> None:
    code = "from metricrig.links import link_to; print(link_to('127.0.0.1:1')._relay.pid)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stderr == ""
    eventually(lambda: ProcessId.of(int(done.stdout)) is None)
