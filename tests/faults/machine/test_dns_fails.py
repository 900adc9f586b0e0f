"""DNS fails: a container finds no name, and the processes of a machine cannot be told apart in that."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.programs import python, web

from metricrig import Rig, Unavailable
from metricrig.errors import FaultWithoutEffect
from metricrig.faults.machine import dns_fails

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKS_UP = """
class Looking(Quiet):
    def do_GET(self):
        try:
            said = socket.gethostbyname("web").encode()
        except OSError as error:
            said = str(error).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(said)

http.server.HTTPServer((HOST, int(sys.argv[1])), Looking).serve_forever()
"""


@pytest.fixture
def containers(container_engine: str) -> Iterator[Rig]:
    if os.geteuid() != 0:
        pytest.skip("only root may change a file in a container of this machine")
    with Rig("names", runtime="docker") as rig:
        yield rig


def said(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


def test_no_name_is_found_and_then_all_are(containers: Rig) -> None:
    containers.add(web())
    looking = containers.add(python("looking", LOOKS_UP, "{port}", ports={"http": 80}))
    containers.start()
    address = said(looking.url)
    assert address.count(".") == 3, address
    with looking.dns_fails() as fault:
        assert "name resolution" in said(looking.url)
        assert "its own name is not found" in fault.evidence
    assert said(looking.url) == address
    assert "its own name is found" in fault.healing_evidence


def test_a_resolver_that_was_not_changed_is_no_fault(
    containers: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    instance = containers.add(web())
    containers.start()
    elsewhere = tmp_path / "resolv.conf"
    elsewhere.write_text("")
    monkeypatch.setattr(dns_fails, "_resolver", lambda _: elsewhere)
    with pytest.raises(FaultWithoutEffect, match="it was found"):
        instance.dns_fails().start()


def test_a_process_shares_its_resolver_with_all_others(rig: Rig) -> None:
    instance = rig.add(web())
    rig.start()
    with pytest.raises(Unavailable, match="shares its resolver"):
        instance.dns_fails().start()
