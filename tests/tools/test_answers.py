"""What a project gets does not depend on what others have put into the cache, and stays the same on a machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.release_host import program

from metricrig._core.errors import ToolUnavailable
from metricrig.tools import acquisition, installed, obtain, survey

if TYPE_CHECKING:
    from support.release_host import Published, ReleaseHost


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    acquisition._obtained.clear()


def put_by_others(published: Published, *versions: str) -> None:
    """Entries of other versions, as other projects' requests have left them."""
    entry = obtain(published.tool).path.parent
    for version in versions:
        other = Path(str(entry).replace("1.2.3", version))
        shutil.copytree(entry, other)
        text = (entry / "manifest.json").read_text().replace('"1.2.3"', f'"{version}"')
        (other / "manifest.json").write_text(text)
    acquisition._obtained.clear()


def test_what_others_have_fetched_changes_no_answer(published: Published) -> None:
    put_by_others(published, "1.9.0", "1.1.5")
    assert obtain(published.tool).version == "1.2.3"
    assert obtain(published.tool, ">=1.0").version == "1.2.3"
    assert [each.version for each in installed("acme")] == ["1.9.0", "1.2.3", "1.1.5"]


def test_a_request_that_names_nothing_to_fetch_is_not_answered_with_what_others_fetched(published: Published) -> None:
    put_by_others(published, "1.9.0")
    with pytest.raises(ToolUnavailable, match=r"has 1\.9\.0 from release.*; none is what >=1\.3 was answered with"):
        obtain(published.tool, ">=1.3")
    assert obtain(published.tool, "1.9.0").version == "1.9.0"


def test_an_answer_stays_when_a_better_source_comes_up(
    published: Published, host: ReleaseHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = obtain(published.tool, ">=1.1,<2")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/acme").write_bytes(program("acme 1.7.0"))
    (tmp_path / "bin/acme").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("METRICRIG_OFFLINE", "1")
    acquisition._obtained.clear()
    assert obtain(published.tool, ">=1.1,<2").path == first.path
    says = {each.source: each.says for each in survey(published.tool, ">=1.1,<2")}
    assert "the first answer to this request on this machine" in says["cache"]
    assert host.count(published.archive) == 1


def test_an_answer_that_is_no_longer_there_is_asked_for_again(published: Published, host: ReleaseHost) -> None:
    shutil.rmtree(obtain(published.tool).path.parent)
    acquisition._obtained.clear()
    assert obtain(published.tool).version == "1.2.3"
    assert host.count(published.archive) == 2


@pytest.mark.parametrize("tampered", ["", "[]", '{"entry": "../../x"}', '{"entry": 5}', '{"entry": ".."}'])
def test_a_note_that_was_changed_is_as_good_as_none(published: Published, cache: Path, tampered: str) -> None:
    found = obtain(published.tool)
    for note in (cache / "answers").iterdir():
        assert json.loads(note.read_text())["tool"] == "acme"
        note.write_text(tampered)
    acquisition._obtained.clear()
    assert obtain(published.tool).path == found.path
