"""A control group for a service: all of it is in, gets little, and is out again; nothing of the group remains."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.programs import python
from support.waiting import eventually

from metricrig import Instance, ready
from metricrig._core import control_groups
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import cpu_group
from metricrig.faults.machine.cpu_group import CpuGroup
from metricrig.services import PostgreSQL

if TYPE_CHECKING:
    from metricrig import Rig
    from metricrig.faults.machine.little_cpu import LittleCpu

possible = pytest.mark.skipif(
    control_groups.place_for(str(os.getpid())) is None, reason="no control group can be made here"
)
BUSY = """
import subprocess, sys
if len(sys.argv) > 1:
    subprocess.Popen([sys.executable, "-c", "while True: pass"])
print("up", flush=True)
while True: pass
"""


def group_of(fault: LittleCpu) -> CpuGroup:
    assert fault._group is not None
    return fault._group


def groups(instance: Instance) -> list[Path]:
    found = control_groups.place_for(str(os.getpid()))
    assert found is not None
    return list(Path(found[0]).glob(f"metricrig-{instance._state.rig}*"))


@possible
def test_all_of_it_is_in_the_group_and_out_again(rig: Rig) -> None:
    busy = rig.add(python("busy", BUSY, "child", ready=ready.log("up")))
    rig.start()
    with busy.little_cpu(0.2) as fault:
        assert len(group_of(fault).members) == 2
        assert "in a control group, which gives it 10 ms of processor time every 50 ms" in fault.evidence
        eventually(lambda: throttled(group_of(fault)))
        assert groups(busy)
    assert not groups(busy)
    assert not busy._state.site.beside(control_groups.NOTE).exists()
    assert "it is ready" in fault.healing_evidence


def throttled(group: CpuGroup) -> bool:
    """Whether the kernel has kept it waiting."""
    said = dict(each.split() for each in (group.path / "cpu.stat").read_text().splitlines())
    return int(said["nr_throttled"]) > 0


@possible
def test_what_is_born_meanwhile_is_in_it(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    with postgresql.little_cpu(0.5) as fault:
        postgresql.psql("COPY (SELECT 1) TO PROGRAM 'cat /proc/self/cgroup > groups'")  # a backend's child
        assert group_of(fault).path.name in (postgresql.dir / "data" / "groups").read_text()
    postgresql.psql("COPY (SELECT 1) TO PROGRAM 'cat /proc/self/cgroup > groups'")
    assert fault._group is not None
    assert fault._group.path.name not in (postgresql.dir / "data" / "groups").read_text()


@possible
def test_a_service_that_dies_leaves_no_group(rig: Rig) -> None:
    busy = rig.add(python("busy", BUSY, ready=ready.log("up")))
    rig.start()
    with busy.little_cpu(0.2):
        busy.kill()
    assert not groups(busy)


@possible
def test_it_may_be_paused_meanwhile(rig: Rig) -> None:
    busy = rig.add(python("busy", BUSY, ready=ready.log("up")))
    rig.start()
    cpu = busy.little_cpu(0.2).start()
    with busy.paused():
        cpu.heal()
        assert not groups(busy)
        assert busy.state == "paused"
    assert busy.state == "ready"


@possible
def test_what_does_not_get_in_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = rig.add(python("busy", BUSY, ready=ready.log("up")))
    rig.start()
    monkeypatch.setattr(CpuGroup, "take", lambda *_: None)
    with pytest.raises(FaultWithoutEffect, match="all of its processes in the control group"):
        busy.little_cpu().start()
    assert not groups(busy)


@possible
def test_a_group_without_a_limit_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = rig.add(python("busy", BUSY, ready=ready.log("up")))
    rig.start()
    monkeypatch.setattr(cpu_group, "_settings", lambda *_: [])
    with pytest.raises(FaultWithoutEffect, match="as much as it wants"):
        busy.little_cpu().start()
    assert not groups(busy)


@possible
def test_what_does_not_get_out_has_not_healed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = rig.add(python("busy", BUSY, ready=ready.log("up")))
    rig.start()
    fault = busy.little_cpu().start()
    with monkeypatch.context() as broken:
        broken.setattr(CpuGroup, "remove", lambda _: None)
        with pytest.raises(FaultNotHealed, match="none of it in the control group"):
            fault.heal()
    fault.heal()
    assert not groups(busy)


@possible
def test_whoever_removes_the_rig_removes_what_was_noted(tmp_path: Path) -> None:
    found = control_groups.place_for(str(os.getpid()))
    assert found is not None
    group = Path(found[0]) / f"metricrig-test-{os.getpid()}"
    group.mkdir()
    (tmp_path / "redis.cgroup").write_text(str(group))
    (tmp_path / "other.cgroup").write_text(str(tmp_path / "kept"))  # nothing that we have made
    (tmp_path / "kept").mkdir()
    control_groups.remove_noted(str(tmp_path))
    assert not group.exists()
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("mounted", "groups", "shared_out", "expected"),
    [
        ("/ {}/cpu rw - cgroup cgroup rw,cpu,cpuacct", "3:cpu,cpuacct:/a\n0::/b", "", ("cpu/a", "cpu/a", 1)),
        ("/ {}/cpu rw - cgroup cgroup rw,memory", "3:memory:/a", "", None),
        ("/ {}/two rw - cgroup2 cgroup2 rw", "0::/user/me", "cpu memory", ("two/user", "two/user/me", 2)),
        ("/ {}/two rw - cgroup2 cgroup2 rw", "0::/user/me", "memory", None),
        ("/ {}/two rw - cgroup2 cgroup2 rw", "0::/user/metricrig-x", "cpu", None),
        ("/ {}/two rw - cgroup2 cgroup2 rw", "0::/", "cpu", ("two", "two", 2)),
        ("/box {}/cpu rw - cgroup cgroup rw,cpu", "3:cpu:/box/a", "", ("cpu/a", "cpu/a", 1)),
        ("/box {}/cpu rw - cgroup cgroup rw,cpu", "3:cpu:/elsewhere", "", None),
    ],
)
def test_where_a_group_can_be_made(
    tmp_path: Path, mounted: str, groups: str, shared_out: str, expected: tuple[str, str, int] | None
) -> None:
    for each in ("cpu/a", "two/user/me", "two/user/metricrig-x"):
        (tmp_path / each).mkdir(parents=True)
        (tmp_path / each / "cgroup.procs").touch()
    (tmp_path / "two/cgroup.procs").touch()
    for each in ("two", "two/user"):
        (tmp_path / each / "cgroup.subtree_control").write_text(shared_out)
    for process in ("self", "812"):
        (tmp_path / "proc" / process).mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(f"1 2 0:3 {mounted.format(tmp_path)}\n")
    (tmp_path / "proc/812/cgroup").write_text(groups)
    found = control_groups.place_for("812", proc=str(tmp_path / "proc"))
    if expected is None:
        assert found is None
    else:
        place, now, version = expected
        assert found == (str(tmp_path / place), str(tmp_path / now), version)
