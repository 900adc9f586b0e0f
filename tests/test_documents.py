"""What the README and the pages of docs show, works: each page's Python blocks run as one program."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.sessions import project_in

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^(?P<marker><!-- not run: .+ -->\n)?```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


_FILE = re.compile(r"# ((?:conftest|test_\w+|migrations/[\w/]+)\.py)\n")


def blocks(text: str) -> list[tuple[int, str]]:
    """The code of each block that is to run, and the line it begins on."""
    found = [each for each in _BLOCK.finditer(text) if not each["marker"] and not _FILE.match(each["code"])]
    return [(text[: each.start("code")].count("\n"), each["code"]) for each in found]


def files(text: str) -> dict[str, str]:
    """Blocks that are files of a test suite: their first line is the file's name."""
    found = [(_FILE.match(each["code"]), each["code"]) for each in _BLOCK.finditer(text)]
    return {name[1]: code for name, code in found if name}


def program(page: Path) -> str:
    """All blocks of a page, each on the lines it has there: a traceback points at the page."""
    lines: list[str] = []
    for start, code in blocks(page.read_text(encoding="utf-8")):
        lines += [""] * (start - len(lines)) + code.splitlines()
    return "\n".join(lines)


WITH_FILES = [page for page in PAGES if files(page.read_text(encoding="utf-8"))]
WITH_CODE = [page for page in PAGES if blocks(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    code = f"exec(compile({program(page)!r}, {str(page)!r}, 'exec'))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", WITH_FILES, ids=lambda page: page.stem)
def test_the_test_files_of_a_page_pass(page: Path, tmp_path: Path) -> None:
    with project_in(tmp_path) as project:
        found = files(page.read_text(encoding="utf-8"))
        project.write(**{name.removesuffix(".py"): code for name, code in found.items()})
        said = project.run("-W", "error")
    assert said.status == 0, said.text
    assert set(said.counts) == {"passed"}, said.text


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_a_block_is_left_out_only_with_a_reason() -> None:
    text = "<!-- not run: a fragment -->\n```python\na\n```\n\n```python\nb\n```\n"
    assert blocks(text) == [(6, "b\n")]


def test_the_readme_lists_each_page_once() -> None:
    listed = re.findall(
        r"\]\(docs/([\w-]+\.md)\)", (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## More\n")[2]
    )
    assert sorted(listed) == sorted(page.name for page in PAGES[1:])
