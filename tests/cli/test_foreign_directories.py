"""What another user plants where our rigs lie is not read, not obeyed, not removed; and it is reported."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cli.owners import Said
from click.testing import CliRunner
from support.another_user import STRANGER, as_stranger, only_root, start_as_stranger

from metricrig import Rig, Unavailable
from metricrig._core.process_id import ProcessId, boot_id, pid_namespace
from metricrig.cli import source_checks
from metricrig.cli.command import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = f"metricrig-{os.geteuid()}"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place like /tmp, where everybody may put things; the only one in which rigs are looked for."""
    with tempfile.TemporaryDirectory(prefix="a-place-like-tmp-") as made:
        path = Path(made)
        path.chmod(0o1777)
        monkeypatch.setenv("METRICRIG_DATA", made)
        monkeypatch.setattr("metricrig.runtimes.data_root.SHARED_MEMORY", path)
        monkeypatch.setattr("tempfile.gettempdir", lambda: made)
        yield path


@pytest.fixture
def metricrig(place: Path) -> Callable[..., Said]:
    """The command, in this process: another would look into the real /tmp and /dev/shm too."""
    del place

    def run(*words: str) -> Said:
        result = CliRunner().invoke(program, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.output, "")

    return run


@pytest.fixture
def innocent() -> Iterator[ProcessId]:
    """A process of ours that has nothing to do with any rig."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        identity = ProcessId.of(process.pid)
        assert identity is not None
        yield identity
        assert process.poll() is None
        process.kill()


def planted(victim: ProcessId, **changes: Any) -> dict[str, Any]:
    """A record that would have a process killed and a command executed."""
    return {
        "rig": "planted-1",
        "owner": [1, 1],
        "janitor": None,
        "boot": boot_id(),
        "pid_namespace": pid_namespace(),
        "made": 0,
        "kept": False,
        "errand": None,
        "services": {"1": {"name": "s", "process": [victim.pid, victim.start], "ports": {}}},
        **changes,
    }


PLANT = """
import os, sys
os.umask(0)
os.makedirs(sys.argv[1])
open(sys.argv[1] + "/rig.json", "w").write(sys.argv[2])
"""


@only_root
def test_a_record_of_another_user_is_not_obeyed(
    place: Path, innocent: ProcessId, metricrig: Callable[..., Said]
) -> None:
    loot = place / "loot"
    record = planted(innocent, errand=["touch", str(loot)])
    as_stranger(PLANT, str(place / ROOT / "planted-1"), json.dumps(record))
    (row,) = metricrig("ps", "--json").json["rigs"]
    assert (row["state"], row["services"], row["bytes"]) == ("foreign", [], 0)
    assert f"its owner is uid {STRANGER}, and you are uid 0" in row["trouble"]
    assert f"its owner is uid {STRANGER}" in metricrig("ps").out
    said = metricrig("clean", "--json")
    assert said.code == 0  # nothing of ours is left; else anybody could make it fail
    assert said.json["rigs"][0]["what"] == "left alone"
    assert f"not touched: {place / ROOT} is not provably yours" in metricrig("clean").out
    assert not loot.exists()
    assert (place / ROOT / "planted-1/rig.json").exists()
    with pytest.raises(Unavailable, match=r"(?s)its owner is uid 54321.*set METRICRIG_DATA"):
        Rig("refused", data=place)


@pytest.mark.parametrize("target", ["precious", "nowhere", ROOT])
def test_a_link_in_the_place_of_the_directory_leads_nowhere(
    target: str, place: Path, metricrig: Callable[..., Said]
) -> None:
    (place / "precious/planted").mkdir(parents=True)
    (place / "precious/planted/file").write_text("x")
    os.utime(place / "precious/planted", (1, 1))
    (place / ROOT).symlink_to(place / target)
    assert metricrig("ps", "--json").json["rigs"][0]["state"] == "foreign"
    assert "it is a symbolic link" in metricrig("clean").out
    assert (place / "precious/planted/file").read_text() == "x"
    with pytest.raises(Unavailable, match="it is a symbolic link"):
        Rig("refused", data=place)


def test_doctor_reports_it_too(place: Path) -> None:
    assert source_checks.rigs().present
    (place / ROOT).symlink_to(place)
    assert not source_checks.rigs().present
    assert "it is a symbolic link" in source_checks.rigs().says


def test_a_link_in_the_place_of_a_rig_leads_nowhere(place: Path, metricrig: Callable[..., Said]) -> None:
    """Nobody but ourselves can put one there; but what is not clear is not touched."""
    (place / "precious").mkdir()
    (place / "precious/file").write_text("x")
    (place / ROOT).mkdir(mode=0o700)
    (place / ROOT / "rig-1").symlink_to(place / "precious")
    assert [each["state"] for each in metricrig("ps", "--json").json["rigs"]] == ["foreign"]
    metricrig("clean", "rig-1")
    assert (place / "precious/file").read_text() == "x"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"\xff\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no object"),
        (b"{}", "'rig' is not a name"),
        ({"rig": "another"}, "it speaks of 'another'"),
        ({"owner": ["1", None]}, "'owner' is not a process"),
        ({"owner": [1, 1, 1]}, "'owner' is not a process"),
        ({"owner": [-1, 1]}, "'owner' is not a process"),
        ({"made": "today"}, "'made' is not a time"),
        ({"made": float("nan")}, "'made' is not a time"),
        ({"kept": "yes"}, "'kept' is not true or false"),
        ({"services": []}, "'services' is not a table"),
        ({"services": {"1": {"name": "s", "process": [1], "ports": {}}}}, "'services' is not a table"),
        ({"errand": ["touch", "/loot"]}, "its errand is a command"),
        ({"errand": {"rig": "planted-1"}}, "names no engine"),
        ({"errand": {"rig": "other", "engine": "unix:///x", "certificates": ""}}, "not of this rig"),
        ({"errand": {"rig": "planted-1", "engine": "--help", "certificates": ""}}, "names no engine"),
        (b" " * (5 << 20), "more than 4194304 bytes"),
    ],
)
def test_a_record_that_cannot_be_believed_is_reported_and_its_rig_removed_only_by_name(
    content: bytes | dict[str, Any], why: str, place: Path, innocent: ProcessId, metricrig: Callable[..., Said]
) -> None:
    rig = place / ROOT / "planted-1"
    rig.mkdir(parents=True)
    (place / ROOT).chmod(0o700)
    text = content if isinstance(content, bytes) else json.dumps(planted(innocent, **content)).encode()
    (rig / "rig.json").write_bytes(text)
    (row,) = metricrig("ps", "--json").json["rigs"]
    assert row["state"] == "damaged"
    assert why in row["trouble"]
    said = metricrig("clean", "--json")
    assert (said.code, said.json["rigs"][0]["what"]) == (1, "failed")
    assert rig.exists()
    assert metricrig("clean", "planted-1").code == 0
    assert not rig.exists()


def test_a_record_that_is_a_pipe_or_has_a_second_name_is_not_read(place: Path, metricrig: Callable[..., Said]) -> None:
    for name in ("pipe-1", "hard-1"):
        (place / ROOT / name).mkdir(parents=True)
    (place / ROOT).chmod(0o700)
    os.mkfifo(place / ROOT / "pipe-1/rig.json")
    (place / "elsewhere.json").write_text("{}")
    (place / ROOT / "hard-1/rig.json").hardlink_to(place / "elsewhere.json")
    rows = {each["rig"]: each for each in metricrig("ps", "--json").json["rigs"]}
    assert {each["state"] for each in rows.values()} == {"damaged"}
    assert "no plain file" in rows["pipe-1"]["trouble"]
    assert "2 names" in rows["hard-1"]["trouble"]


SWAP = """
import os, sys, time
place, root, precious = sys.argv[1:]
os.umask(0)
os.chdir(place)
os.makedirs("decoy/planted-1"); open("decoy/planted-1/rig.json", "w").write("{}")
os.symlink(precious, "link")
print("ready", flush=True)
end = time.monotonic() + 60
while time.monotonic() < end and not os.path.exists("over"):
    for each in ("decoy", "link"):
        try:
            os.rename(each, root); os.rename(root, each)
        except OSError:
            pass
"""


@only_root
def test_swapping_directories_and_links_in_a_loop_wins_nothing(place: Path, metricrig: Callable[..., Said]) -> None:
    precious = place / "precious"
    (precious / "planted-1").mkdir(parents=True)
    (precious / "planted-1/file").write_text("x")
    os.utime(precious / "planted-1", (1, 1))
    precious.chmod(0o755)
    with start_as_stranger(SWAP, str(place), ROOT, str(precious)) as swapping:
        assert swapping.stdout is not None
        assert swapping.stdout.readline() == "ready\n"
        for _ in range(40):
            metricrig("clean")
            try:
                Rig("lucky", data=place).close()
            except Unavailable:
                continue
        (place / "over").touch()
    assert (precious / "planted-1/file").read_text() == "x"
