"""``ps`` sees the rigs of other processes; ``clean`` removes what is nobody's and nothing else."""

from __future__ import annotations

import json
import os
import signal
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli.owners import runs
from support.waiting import eventually

from metricrig import Rig
from metricrig._core.process_id import ProcessId
from metricrig.cli import rig_cleanup
from metricrig.janitor.found_rigs import FoundRig, FoundService
from metricrig.janitor.rig_record import FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.owners import Owner, Said

pytestmark = pytest.mark.usefixtures("owner")


def test_ps_shows_a_live_rig_of_another_process(
    owner: Callable[[str], Owner], metricrig: Callable[..., Said], tmp_path: Path
) -> None:
    shop = owner("shop")
    (row,) = metricrig("ps", shop.rig, "--json").json["rigs"]
    assert row["state"] == "live"
    assert row["owner"] == shop.process.pid
    assert row["directory"] == str(shop.directory)
    assert Path(row["directory"]).is_relative_to(tmp_path)
    assert row["bytes"] > 0
    assert 0 <= row["age_seconds"] < 60
    services = {each["name"]: each for each in row["services"]}
    assert services["redis"] == {"name": "redis", "pid": shop.redis, "alive": True, "ports": {"redis": shop.port}}
    assert services["sleep"] == {"name": "sleep", "pid": shop.sleep, "alive": True, "ports": {}}
    table = metricrig("ps", shop.rig).out
    assert f"redis pid {shop.redis} :{shop.port}" in table
    assert "\x1b" not in table


def test_ps_says_when_a_name_is_nobodys(metricrig: Callable[..., Said]) -> None:
    said = metricrig("ps", f"no-such-{uuid.uuid4().hex}", "--json")
    assert (said.code, said.json) == (1, {"rigs": []})


def test_a_dead_service_of_a_live_rig_is_shown_as_dead(
    owner: Callable[[str], Owner], metricrig: Callable[..., Said]
) -> None:
    shop = owner("shop")
    os.kill(shop.redis, signal.SIGKILL)
    eventually(lambda: not runs(shop.redis))
    assert f"redis pid {shop.redis} :{shop.port} dead" in metricrig("ps", shop.rig).out


def test_clean_reaps_an_orphaned_rig_and_leaves_a_live_one_alone(
    owner: Callable[[str], Owner], metricrig: Callable[..., Said]
) -> None:
    orphan, live = owner("orphan"), owner("live")
    orphan.abandon()
    assert runs(orphan.redis)
    assert metricrig("ps", orphan.rig, "--json").json["rigs"][0]["state"] == "orphaned"

    intended = metricrig("clean", orphan.rig, "--dry-run", "--json")
    assert intended.code == 0
    assert intended.json["rigs"][0]["what"] == "would remove"
    assert runs(orphan.redis)

    said = metricrig("clean", "--json")
    assert said.code == 0, said
    fates = {each["rig"]: each for each in said.json["rigs"]}
    assert fates.keys() == {orphan.rig, live.rig}, "those of others are none of its business"
    assert fates[orphan.rig]["what"] == "removed"
    assert {orphan.redis, orphan.sleep} <= set(fates[orphan.rig]["killed"])
    assert fates[live.rig]["what"] == "left alone"
    eventually(lambda: not runs(orphan.redis) and not runs(orphan.sleep))
    assert not orphan.directory.exists()
    assert runs(live.redis)
    assert runs(live.sleep)
    assert live.directory.is_dir()
    assert live.rig not in metricrig("clean").out


def test_containers_in_an_engine_that_is_gone_are_forgotten_on_request_only(
    owner: Callable[[str], Owner], metricrig: Callable[..., Said]
) -> None:
    pytest.importorskip("docker")
    orphan = owner("boxed")
    orphan.abandon()
    record = json.loads((orphan.directory / FILE).read_text())
    gone = "unix:///run/no-such-engine.sock"
    record["errand"] = {"rig": orphan.rig, "engine": gone, "certificates": ""}
    (orphan.directory / FILE).write_text(json.dumps(record))

    refused = metricrig("clean", orphan.rig)
    assert refused.code == 1
    why = f"its containers could not be removed: {gone}: there is no such socket"
    assert f"{why}\n  try again when that engine runs" in refused.out
    assert f"metricrig clean --forget-containers {orphan.rig}\n" in refused.out
    assert runs(orphan.redis), "nothing is ended as long as the record is needed"

    said = metricrig("clean", "--forget-containers", orphan.rig)
    assert said.code == 0, said
    assert f"forgot its containers, if there still are any: {gone}: there is no such socket" in said.out
    eventually(lambda: not runs(orphan.redis))
    assert not orphan.directory.exists()


def test_clean_refuses_a_live_rig_that_is_named(owner: Callable[[str], Owner], metricrig: Callable[..., Said]) -> None:
    live = owner("named")
    said = metricrig("clean", live.rig)
    assert said.code == 1
    assert f"it is live: pid {live.process.pid} owns it" in said.out
    assert runs(live.redis)
    assert live.directory.is_dir()


def test_kept_directories_go_only_when_that_is_asked_for(metricrig: Callable[..., Said], tmp_path: Path) -> None:
    with Rig("keepsake", data=tmp_path, keep=True) as rig:
        (rig.directory / "evidence").write_text("x")
    assert metricrig("ps", rig.id, "--json").json["rigs"][0]["state"] == "kept"
    assert metricrig("clean", "--json").code == 0
    assert rig.directory.is_dir()
    refused = metricrig("clean", rig.id)
    assert refused.code == 1
    assert "--kept removes it" in refused.out
    said = metricrig("clean", rig.id, "--kept")
    assert (said.code, said.out) == (0, f"{rig.id}: kept: removed {rig.directory}\n")
    assert not rig.directory.exists()


def test_a_rig_from_before_a_reboot_is_removed_without_touching_its_pids(
    owner: Callable[[str], Owner], metricrig: Callable[..., Said], tmp_path: Path
) -> None:
    """Its pids belong to others now: here to a live rig."""
    live = owner("today")
    lost = live.directory.with_name("yesterday-00000000")
    lost.mkdir()
    record = json.loads((live.directory / "rig.json").read_text())
    record |= {"rig": lost.name, "directory": str(lost), "boot": "another"}
    (lost / "rig.json").write_text(json.dumps(record))
    said = metricrig("clean", lost.name, "--json").json["rigs"][0]
    assert (said["state"], said["what"], said["killed"]) == ("lost", "removed", [])
    assert not lost.exists()
    assert runs(live.redis)


def test_what_cannot_be_removed_is_told_and_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rig = FoundRig("stuck-1", tmp_path, "kept", None, (), 0.0)
    monkeypatch.setattr("metricrig.janitor.rig_directory.remove", lambda _: "Device or resource busy")
    fate = rig_cleanup.clean_up(rig, kept=True, reused=False, dry_run=False, named=False)
    assert not fate.fine
    assert fate.said == f"could not remove {tmp_path}: Device or resource busy"


@pytest.mark.parametrize(
    ("state", "kept", "refused"),
    [
        ("live", True, True),
        ("cleaning", True, True),
        ("elsewhere", True, True),
        ("kept", False, True),
        ("kept", True, False),
        ("orphaned", False, False),
        ("lost", False, False),
    ],
)
def test_which_states_may_be_removed(state: str, kept: bool, refused: bool, tmp_path: Path) -> None:
    service = FoundService("s", ProcessId(1, 1), {})
    rig = FoundRig("r-1", tmp_path, state, ProcessId(1, 1), (service,), 0.0)
    assert bool(rig_cleanup.refusal(rig, kept=kept, reused=False)) is refused
