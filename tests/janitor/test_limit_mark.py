"""A daemon that does what it can to be nobody's: it is found all the same, by a mark that it cannot wash off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.waiting import eventually

from metricrig import Rig, Service
from metricrig._core.process_id import ProcessId
from metricrig.janitor import found_rigs, limit_mark
from metricrig.janitor.client import janitor
from metricrig.janitor.process_tree import mark_of, writes_below

DAEMON = """
import os, sys, time
if os.fork(): time.sleep(1000)
os.setsid()
if os.fork(): os._exit(0)
null = os.open("/dev/null", os.O_RDWR)
for number in (0, 1, 2): os.dup2(null, number)
os.chdir("/")
os.execve("/bin/sh", ["sh", "-c", "echo $$ > " + sys.argv[1] + "; exec sleep 1000"], dict())
"""
ORPHAN = """
import os, sys
from metricrig import Rig, Service
from metricrig.janitor.client import janitor
rig = Rig("orphan", data=sys.argv[1])
rig.add(Service(name="d", command=[sys.executable, "-c", sys.argv[2], sys.argv[3]]))
rig.start()
while not os.path.exists(sys.argv[3]) or not open(sys.argv[3]).read(): pass
print(rig.directory, flush=True)
os.kill(janitor().pid, 9)
os.kill(os.getpid(), 9)
"""


def alive(pid: int) -> bool:
    identity = ProcessId.of(pid)
    return identity is not None and identity.alive


def hidden(pid: int, directory: Path) -> bool:
    """Whether neither environment nor output tell whose it is."""
    return not mark_of(pid) and not writes_below(pid, f"{directory}/")


def test_stopping_a_service_takes_its_daemons_along(rig: Rig, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    service = rig.add(Service(name="d", command=[sys.executable, "-c", DAEMON, str(note)]))
    rig.start()
    pid = int(eventually(lambda: note.exists() and note.read_text()))
    assert hidden(pid, rig.directory)
    assert limit_mark.rig_number(limit_mark.of_process(pid)) == limit_mark.of_rig(rig.id)
    service.stop()
    assert not alive(pid)


def test_clean_finds_them_after_janitor_and_owner_were_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN, str(tmp_path), DAEMON, str(note)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    directory = Path(done.stdout.strip())
    pid = int(note.read_text())
    assert hidden(pid, directory)
    eventually(lambda: found_rigs.read(directory).state == found_rigs.ORPHANED)
    reaped = found_rigs.reap(found_rigs.read(directory))
    assert reaped.failure is None
    assert pid in reaped.killed
    eventually(lambda: not alive(pid))


def test_the_janitor_itself_and_other_rigs_do_not_carry_it(rig: Rig) -> None:
    rig.add(Service(name="s", command=["sleep", "1000"]))
    rig.start()
    with Rig("other") as other:
        sleeper = other.add(Service(name="s", command=["sleep", "1000"]))
        other.start()
        assert limit_mark.rig_number(limit_mark.of_process(sleeper.pid)) == limit_mark.of_rig(other.id)
    own = limit_mark.of_process(os.getpid())
    assert limit_mark.of_process(janitor().pid) == own
