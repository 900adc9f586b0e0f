"""A full disk and a read-only one: what the service is told, whoever the tests run as and wherever it runs."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest
from support.programs import python, sleeper

from metricrig import Instance, Limits, Rig, Unavailable, UsageError, ready
from metricrig._core import mounts
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.runtimes import own_disk
from metricrig.services import Redis

EVERY_RUNTIME = True
DISK = Limits(disk="16MiB")
WRITES = """
number = 0
while True:
    try:
        with open(sys.argv[1] + "/kept", "ab") as file: file.write(b"x" * 4096)
        print("written", number)
    except OSError as error:
        print("refused", error.strerror, number)
    number += 1
    time.sleep(0.01)
"""


def said_to_save(redis: Instance) -> str:
    with socket.create_connection((redis.host, redis.port), 30) as connection:
        connection.sendall(b"SAVE\r\n")
        return connection.recv(200).decode().strip()


def test_its_writes_fail_and_then_work_again_while_its_log_goes_on(rig: Rig) -> None:
    writing = rig.add(python("writing", WRITES, "{dir}", ready=ready.log("written"), limits=DISK))
    rig.start()
    with writing.disk_full() as full:
        mark = writing.logs.mark()
        writing.logs.wait("refused No space left on device", since=mark)
        assert "a write of 8.0 KiB in its directory fails: No space left on device" in full.evidence
    mark = writing.logs.mark()
    writing.logs.wait("written", since=mark)
    assert "a write of 64.0 KiB in its directory works; it is ready" in full.healing_evidence


def test_so_much_is_left_as_was_asked_for(rig: Rig) -> None:
    instance = rig.add(sleeper(limits=DISK))
    rig.start()
    with instance.disk_full(leave="1MB"):
        found = os.statvfs(instance.dir)
        assert 1_000_000 - 4096 <= found.f_bavail * found.f_frsize <= 1_000_000 + 4096
        (instance.dir / "fits").write_bytes(b"x" * 900_000)
        with pytest.raises(OSError, match="No space left"):
            (instance.dir / "more").write_bytes(b"x" * 200_000)
    assert os.statvfs(instance.dir).f_blocks * 4096 == 16 << 20


def test_what_is_on_it_survives_a_restart(rig: Rig) -> None:
    instance = rig.add(sleeper(limits=DISK, files={"a": "text"}))
    rig.start()
    (instance.dir / "b").write_text("more")
    instance.restart()
    assert instance.run(["cat", f"{instance._state.site.at.dir}/a", f"{instance._state.site.at.dir}/b"]).out == (
        "textmore"
    )
    instance.stop()
    instance.wipe()
    assert list(instance.dir.iterdir()) == []


def test_a_service_without_a_disk_of_its_own_is_told_what_to_write(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    with pytest.raises(UsageError, match=r'limits=Limits\(disk="64MB"\)'):
        instance.disk_full().start()
    with pytest.raises(UsageError, match="no disk of its own"):
        instance.read_only_disk().start()


def test_a_disk_that_was_not_filled_is_no_fault(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = rig.add(sleeper(limits=DISK))
    rig.start()
    monkeypatch.setattr(own_disk, "leave_free", lambda *_: None)
    with pytest.raises(FaultWithoutEffect, match="seen: it worked"):
        instance.disk_full().start()


def test_a_disk_that_stays_full_is_told(rig: Rig) -> None:
    instance = rig.add(sleeper(limits=DISK))
    rig.start()
    full = instance.disk_full().start()
    disk = instance._state.site.disk
    assert disk is not None
    whole, disk.size = disk.size, own_disk.used(disk) + 4096  # type: ignore[misc]
    with pytest.raises(FaultNotHealed, match="seen: No space left"):
        full.heal()
    disk.size = whole  # type: ignore[misc]
    full.heal()


def test_a_read_only_disk_is_told_by_redis(rig: Rig) -> None:
    redis = rig.add(Redis(limits=DISK))
    rig.start()
    assert said_to_save(redis) == "+OK"
    with redis.read_only_disk() as fault:
        assert said_to_save(redis).startswith("-ERR")
        assert "Read-only file system" in fault.evidence
        redis.logs.wait("Read-only file system")
    assert said_to_save(redis) == "+OK"


def test_a_file_that_is_open_for_writing_keeps_its_disk_writable(rig: Rig) -> None:
    code = "file = open(sys.argv[1] + '/open', 'w'); print('up'); time.sleep(1000)"
    instance = rig.add(python("holding", code, "{dir}", ready=ready.log("up"), limits=DISK))
    rig.start()
    with pytest.raises(Unavailable, match="files open for writing"):
        instance.read_only_disk().start()
    (instance.dir / "still").write_text("works")
    instance.stop()
    with instance.read_only_disk() as fault, pytest.raises(OSError, match="Read-only"):
        (instance.dir / "x").write_text("x")
    assert "did not run when it began" in fault.healing_evidence
    instance.start()


def test_one_that_is_started_again_on_a_full_disk_is_ready_when_it_has_healed(rig: Rig) -> None:
    writing = rig.add(python("writing", WRITES, "{dir}", ready=ready.log("refused|written"), limits=DISK))
    rig.start()
    with writing.disk_full() as full:
        writing.restart()
        writing.logs.wait("refused No space left on device")
    assert "and was started again; it is ready" in full.healing_evidence


def test_both_at_once_are_healed_in_any_order(rig: Rig) -> None:
    instance = rig.add(sleeper(limits=DISK))
    rig.start()
    with instance.disk_full() as full:
        ...
    full.start()
    full.heal()
    read_only = instance.read_only_disk().start()
    read_only.heal()
    (instance.dir / "x").write_text("x")


@pytest.mark.parametrize("disk", ["64 elephants", -1, 1.5, True, "1KB"])
def test_a_size_is_checked(disk: object) -> None:
    with pytest.raises(UsageError, match="disk"):
        sleeper(limits=Limits(disk=disk))  # type: ignore[arg-type]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts where all can see it")
def test_nothing_is_mounted_when_the_rig_is_closed(runtime: str) -> None:
    with Rig("mounting", runtime=runtime) as rig:
        rig.add(sleeper(limits=DISK))
        rig.start()
        assert mounts.is_mounted(str(rig.directory / "sleeper"))
    for each in Path("/proc").glob("[0-9]*/mountinfo"):  # also where an engine sees it
        with contextlib.suppress(OSError):
            assert rig.id not in each.read_text(errors="replace")
