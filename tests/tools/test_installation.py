"""Whoever kills an install, and when: nothing of it runs on, nothing half-made is left, and the next one succeeds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.fake_fetchers import OBTAIN, put_fakes
from support.waiting import eventually

from metricrig._core.events import FetchProgressed
from metricrig._core.leases import Lease
from metricrig._core.process_id import ProcessId
from metricrig.janitor import process_tree, rig_record
from metricrig.janitor import work as work_module
from metricrig.janitor.work import end_others, work
from metricrig.tools import installation, workplace
from metricrig.tools.tool_request import CannotDeliver
from metricrig.tools.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig._core.events import Event

SOURCES = ["go", "wheel", "debian"]
TAG = "FAKE_TAG"


@dataclass
class Bench:
    """A cache of its own, and installs into it that can be told from all other processes."""

    cache: Path
    journal: Path
    environment: dict[str, str]
    tag: str

    def install(self, source: str, **more: str) -> subprocess.Popen[str]:
        """Begin one."""
        environment = {**self.environment, "METRICRIG_SOURCES": source, TAG: self.tag, **more}
        return subprocess.Popen(
            [sys.executable, "-c", OBTAIN],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def works(self) -> list[str]:
        """The pids of those who have begun to fetch; whether two did at a time."""
        return self.journal.read_text().split() if self.journal.exists() else []

    def alive(self) -> list[int]:
        """Every process that comes from one of these installs."""
        return [pid for pid in all_pids() if self._is_ours(pid)]

    def left(self) -> list[object]:
        """What should not be there when nobody works."""
        return [*self.alive(), *self.cache.glob("tools/*/.[mrs]*")]

    def _is_ours(self, pid: int) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z" and f"{TAG}={self.tag}".encode() in environment.split(b"\0")


def all_pids() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


@pytest.fixture
def bench(tmp_path: Path, cache: Path) -> Iterator[Bench]:
    tag = uuid.uuid4().hex
    fakes = put_fakes(tmp_path)
    made = Bench(cache, tmp_path / "journal", {**os.environ, **fakes}, tag)
    yield made
    for pid in made.alive():
        os.kill(pid, signal.SIGKILL)


def succeeded(process: subprocess.Popen[str]) -> None:
    out, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert subprocess.run([out.strip()], capture_output=True, text=True, check=True).stdout == "acme 1.2.3\n"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
@pytest.mark.parametrize("source", SOURCES)
def test_a_killed_install_leaves_nothing(bench: Bench, source: str, number: signal.Signals) -> None:
    """Killed while it fetches, and at a moment of its own: in Python's start, with the janitor's, in a look-up."""
    chance = random.Random(f"{source} {number}")
    for moment in (None, chance.uniform(0.1, 0.6), chance.uniform(0.3, 1.0)):
        before = len(bench.works())
        victim = bench.install(source, FAKE_FOREVER="1")
        if moment is None:
            eventually(lambda known=before: len(bench.works()) > known, within=30)  # type: ignore[misc]
        else:
            time.sleep(moment)
        victim.send_signal(number)
        victim.communicate(timeout=30)
        eventually(lambda: not bench.left(), within=20)
    succeeded(bench.install(source))
    eventually(lambda: not bench.left(), within=20)


@pytest.mark.parametrize("source", SOURCES)
def test_the_next_install_waits_until_the_killed_ones_work_has_ended(bench: Bench, source: str) -> None:
    """The janitor of the killed one is stopped: his programs run on, and the lock of their owner is free."""
    victim = bench.install(source, FAKE_FOREVER="1")
    (first,) = eventually(bench.works, within=30)
    (janitor,) = [pid for pid in process_tree.children_of(victim.pid) if "boot.py" in _command(pid)]
    os.kill(janitor, signal.SIGSTOP)
    victim.kill()
    victim.communicate()
    following = bench.install(source, FAKE_FIRST=first)
    eventually(lambda: len(bench.alive()) and following.poll() is None and _locked(bench), within=30)
    assert bench.works() == [first]
    os.kill(janitor, signal.SIGCONT)
    succeeded(following)
    assert "overlap" not in bench.works()
    eventually(lambda: not bench.left(), within=20)


@pytest.mark.parametrize("source", SOURCES)
def test_work_whose_janitor_was_killed_too_is_ended_by_the_next_install(bench: Bench, source: str) -> None:
    victim = bench.install(source, FAKE_FOREVER="1")
    (first,) = eventually(bench.works, within=30)
    for pid in [*process_tree.children_of(victim.pid), victim.pid]:
        os.kill(pid, signal.SIGKILL)
    victim.communicate()
    assert int(first) in bench.alive()
    succeeded(bench.install(source, FAKE_FIRST=first))
    assert "overlap" not in bench.works()
    eventually(lambda: not bench.left(), within=20)


def test_what_killed_janitors_have_left_of_other_requests_is_swept_and_nothing_else(
    bench: Bench, gone: ProcessId
) -> None:
    """Theirs is another lock: only who began it, and who is removing it, tells whether somebody is still at it."""
    shelf, alive = bench.cache / "tools/acme", ProcessId.of(os.getpid())
    assert alive is not None
    for name, owner in {"dead": gone, "live": alive}.items():
        for rig, place in {
            f".staging-{name}": f".staging-{name}",
            f".staging-{name}-record": f".removing-{owner.pid}-{owner.start}-.staging-{name}-record",
            f".staging-{name}-none": f".removing-{owner.pid}-{owner.start}-.staging-{name}-none",
        }.items():
            (shelf / place / "tree").mkdir(parents=True)
            if not rig.endswith("none"):
                record = rig_record.blank(rig, owner=owner, janitor=gone)
                (shelf / place / rig_record.FILE).write_bytes(rig_record.text(record))
    before = {each.name for each in shelf.iterdir() if "live" in each.name}
    succeeded(bench.install("wheel"))
    eventually(lambda: {each.name for each in shelf.glob(".[rs]*")} == before, within=20)


@pytest.fixture
def gone() -> ProcessId:
    """A process that was."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        identity = ProcessId.of(process.pid)
        process.kill()
    assert identity is not None
    return identity


def _locked(bench: Bench) -> bool:
    """Whether somebody holds the lock of an install."""
    for path in bench.cache.glob("tools/acme/.lock-*"):
        lease = Lease.take(path)
        if lease is None:
            return True
        lease.release()
    return False


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@pytest.fixture
def place(cache: Path) -> Iterator[Workplace]:
    cache.mkdir(parents=True)
    with work(cache / ".staging-x") as begun:
        yield Workplace(begun, "acme", "go")
    assert not (cache / ".staging-x").exists()


GETS_ON = {
    "says something": "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $i; sleep 0.5; done",
    "computes": "end=$(($(date +%s) + 6)); while [ $(date +%s) -lt $end ]; do :; done",
}


@pytest.mark.parametrize("how", GETS_ON)
def test_a_build_goes_on_as_long_as_it_gets_on(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, events: list[Event], how: str
) -> None:
    monkeypatch.setattr(workplace, "STUCK_AFTER", 4.0)
    monkeypatch.setattr(work_module, "STIRRING", 0.03)  # in seconds what the real one asks for in minutes
    assert place.fetch(["sh", "-c", GETS_ON[how]]).ok
    told = [each for each in events if isinstance(each, FetchProgressed)]
    assert told
    assert {(each.tool, each.source) for each in told} == {("acme", "go")}
    assert told[-1].seconds > told[0].seconds or len(told) == 1


def test_a_build_that_neither_says_nor_does_anything_is_given_up(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workplace, "STUCK_AFTER", 0.5)
    outcome = place.fetch(["sh", "-c", "echo begun; sleep 1000 & sleep 1000"])
    assert not outcome.ok
    assert outcome.complaint == "it said and did nothing for 0.5 s; last it said: begun"
    assert not working_in(place.directory)


def test_a_program_that_is_not_there_is_an_outcome_too(place: Workplace) -> None:
    assert "No such file" in place.run(["/no/such/program"], within=10).complaint


def test_an_exception_ends_the_work(cache: Path) -> None:
    cache.mkdir(parents=True)
    directory = cache / ".staging-y"

    def interrupted() -> None:
        with work(directory) as begun, begun.running(["sleep", "1000"], cwd=cache, env={}):
            eventually(lambda: working_in(directory))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not directory.exists()
    assert not working_in(directory)
    end_others(directory)  # nothing to do is fine


def test_a_lock_whose_owner_shows_no_sign_of_life_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "GIVEN_UP_AFTER", 0.3)
    path = bench.cache / "tools/acme/.lock-x"
    path.parent.mkdir(parents=True)
    with Lease.take(path) or pytest.fail("taken"), pytest.raises(CannotDeliver, match=f"{os.getpid()} has"):
        installation._lease(path, "acme", "go")


def working_in(directory: Path) -> list[int]:
    """Who works there, by the mark that the janitor gives them."""
    return [pid for pid in all_pids() if process_tree.mark_of(pid).startswith(f"{directory.name}/")]
