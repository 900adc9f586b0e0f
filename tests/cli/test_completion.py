"""Completion as the shells ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli.owners import command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.owners import Owner, Said


def completed(line: str) -> list[str]:
    """What bash is told when this has been typed."""
    words = line.split(" ")
    env = {"_METRICRIG_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(command(), env={**os.environ, **env}, capture_output=True, text=True, check=False)
    return [each.partition(",")[2] for each in done.stdout.split()]


def test_names_of_rigs_and_of_their_services_complete(owner: Callable[[str], Owner]) -> None:
    shop = owner("shop")
    for each in ("ps", "clean", "logs"):
        assert {"shop", shop.rig} <= set(completed(f"metricrig {each} sho"))
    assert completed("metricrig logs shop ") == ["redis", "sleep"]
    assert completed(f"metricrig logs {shop.rig} sl") == ["sleep"]
    assert completed("metricrig ps nobody") == []
    assert completed("metricrig fault on shop ") == ["redis", "sleep"]
    assert completed("metricrig fault on shop redis ") == ["paused"]
    assert completed("metricrig fault off nobody ") == []


def test_commands_options_and_tools_complete() -> None:
    assert completed("metricrig comp") == ["completion"]
    assert completed("metricrig logs --fo") == ["--follow"]
    assert "victoria-metrics" in completed("metricrig tools where vic")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(metricrig: Callable[..., Said], shell: str) -> None:
    said = metricrig("completion", shell)
    assert (said.code, said.err) == (0, "")
    assert f"_METRICRIG_COMPLETE={shell}_complete" in said.out
    assert metricrig("completion", "cmd").code == 2


def test_bash_itself_completes_with_it(metricrig: Callable[..., Said], tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    program = tmp_path / "metricrig"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m metricrig "$@"\n')
    program.chmod(0o755)
    script = f"""
    {metricrig("completion", "bash").out}
    COMP_WORDS=(metricrig completion z); COMP_CWORD=2
    _metricrig_completion metricrig z completion
    echo "${{COMPREPLY[@]}}"
    """
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "zsh\n"
