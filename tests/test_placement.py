"""A directory that all services of a rig have, and the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.programs import python

from metricrig import Rig, UsageError, ready
from metricrig.placement import Placement, Ports

if TYPE_CHECKING:
    from pathlib import Path

EVERY_RUNTIME = True

WRITER = """
with open(sys.argv[1], "w") as file: file.write("from one service")
print("written"); time.sleep(1000)
"""
READER = """
print(open(sys.argv[1]).read(), "and", open(sys.argv[2]).read(), flush=True); time.sleep(1000)
"""


def test_what_one_service_writes_another_reads_and_the_test_too(rig: Rig) -> None:
    (rig.shared / "given").write_text("from the test")
    writer = rig.add(python("writer", WRITER, "{shared}/note", ready=ready.log("written")))
    words = ("{shared}/note", "{shared}/given")
    rig.add(python("reader", READER, *words, needs=[writer], ready=ready.log("from one service and from the test")))
    rig.start()
    assert (rig.shared / "note").read_text() == "from one service"
    assert writer.run(["cat", "{shared}/given"]).out == "from the test"


def test_it_goes_with_the_rig(rig: Rig) -> None:
    assert rig.shared.is_dir()
    rig.close()
    assert not rig.shared.exists()


def test_where_services_cannot_have_one_it_is_said(tmp_path: Path) -> None:
    at = Placement(rig="r", name="far", host="h", port=Ports(), dir=tmp_path, secret="x")
    with pytest.raises(UsageError, match=r"far: there is no \{shared\} in an engine that does not see our files"):
        at.render("{shared}/x")
