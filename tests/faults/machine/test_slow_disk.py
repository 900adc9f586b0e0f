"""Slow disk: a write takes as long as the kernel has been told, and nothing of that remains."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metricrig import Limits, Rig, Unavailable, UsageError
from metricrig._core import control_groups
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import disk_group
from metricrig.faults.machine.disk_group import DiskGroup
from metricrig.faults.machine.slow_disk import SlowDisk
from metricrig.services import PostgreSQL, Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

ON_DISK = Path("/var/tmp")

possible = pytest.mark.skipif(
    control_groups.place_for(str(os.getpid()), control_groups.DISK) is None or disk_group.disk_of(ON_DISK) is None,
    reason="no control group for a disk can be made here",
)


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """One whose data are on a disk."""
    place = Path(tempfile.mkdtemp(prefix="disk-", dir=ON_DISK))
    place.chmod(0o1777)
    monkeypatch.setenv("METRICRIG_DATA", str(place))
    with Rig("test") as fresh:
        yield fresh
    shutil.rmtree(place, ignore_errors=True)


def groups(rig: Rig) -> list[Path]:
    found = control_groups.place_for(str(os.getpid()), control_groups.DISK)
    assert found is not None
    return list(Path(found[0]).glob(f"metricrig-{rig.id}*"))


@possible
def test_a_server_writes_slowly_and_then_as_before(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    postgresql.psql("CREATE TABLE t (x text)")
    with postgresql.slow_disk(rate="1MB") as fault:
        assert "in a control group, where writing 488.3 KiB to its directory took" in fault.evidence
        assert fault._group is not None
        assert postgresql.pid in fault._group.members
        postgresql.psql("INSERT INTO t VALUES ('written')")
        assert groups(rig)
    assert not groups(rig)
    assert "which is gone; it is ready" in fault.healing_evidence
    assert postgresql.psql("SELECT x FROM t") == "written"


@possible
def test_with_little_cpu_each_has_a_group_of_its_own_or_turns(rig: Rig) -> None:
    redis = rig.add(Redis())
    rig.start()
    with redis.little_cpu(0.5), redis.slow_disk():
        assert groups(rig)
    with redis.slow_disk(), redis.little_cpu(0.5):
        assert groups(rig)
    assert not groups(rig)


@possible
def test_a_write_that_does_not_take_its_time_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(SlowDisk, "_write", lambda *_: 0.01)
    with pytest.raises(FaultWithoutEffect, match=r"it took 0\.01 s"):
        redis.slow_disk().start()
    assert not groups(rig)


@possible
def test_another_limit_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(DiskGroup, "limits", lambda *_: {"max"})
    with pytest.raises(FaultWithoutEffect, match=r"bytes a second: \['max'\]"):
        redis.slow_disk(rate="64KiB").start()
    assert not groups(rig)


@possible
def test_what_is_not_in_the_group_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(DiskGroup, "take", lambda *_: None)
    with pytest.raises(FaultWithoutEffect, match=rf"outside: \[{redis.pid}\]"):
        redis.slow_disk().start()
    assert not groups(rig)


@possible
def test_what_stays_in_the_group_has_not_healed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = rig.add(Redis())
    rig.start()
    fault = redis.slow_disk().start()
    with monkeypatch.context() as broken:
        broken.setattr(DiskGroup, "remove", lambda _: None)
        with pytest.raises(FaultNotHealed, match="none of it in the control group"):
            fault.heal()
    fault.heal()
    assert not groups(rig)


def test_what_is_in_memory_has_no_slow_disk(rig: Rig) -> None:
    redis = rig.add(Redis(limits=Limits(disk="8MiB")))
    rig.start()
    with pytest.raises(Unavailable, match=r"(?s)lies on no disk.*METRICRIG_DATA"):
        redis.slow_disk().start()


def test_where_no_group_can_be_made_it_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    if disk_group.disk_of(ON_DISK) is None:
        pytest.skip(f"{ON_DISK} is on no disk")
    redis = rig.add(Redis())
    rig.start()
    monkeypatch.setattr(control_groups, "place_for", lambda *_: None)
    with pytest.raises(Unavailable, match="no control group for disks can be made here"):
        redis.slow_disk().start()


@pytest.mark.parametrize("rate", [0, 1000, "fast", -1])
def test_a_rate_is_so_many_bytes(rig: Rig, rate: int | str) -> None:
    redis = rig.add(Redis())
    with pytest.raises(UsageError, match="rate"):
        redis.slow_disk(rate=rate)
