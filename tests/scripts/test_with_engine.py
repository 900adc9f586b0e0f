"""What the Makefiles call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import engine

SCRIPT = Path(__file__).parents[2] / "scripts" / "with_engine.py"
ASKING = "import docker; client = docker.from_env(); assert client.ping(); print(client.api.base_url); client.close()"


def with_engine(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    return subprocess.run(
        [sys.executable, SCRIPT, *words],
        env={**settings, **environment},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def test_a_command_has_an_engine_while_it_runs() -> None:
    if why := engine.lacking():
        raise engine.lacks(why)
    done = with_engine(sys.executable, "-c", f"{ASKING}; import os; print(os.environ.get('DOCKER_HOST', ''))")
    assert done.returncode == 0, done.stderr
    address = done.stdout.splitlines()[-1].removeprefix("unix://")
    assert address == "" or not Path(address).parent.exists()  # one of our own is gone; the user's is left alone


def test_the_engine_that_is_chosen_is_the_one() -> None:
    done = with_engine(
        sys.executable, "-c", "import os; print(os.environ['DOCKER_HOST'])", DOCKER_HOST="unix:///nowhere"
    )
    assert (done.stdout, done.stderr) == ("unix:///nowhere\n", "containers: the engine of DOCKER_HOST\n")


@pytest.mark.parametrize("status", [0, 5])
def test_the_status_is_the_commands_own(status: int) -> None:
    done = with_engine(sys.executable, "-c", f"raise SystemExit({status})", DOCKER_HOST="unix:///nowhere")
    assert done.returncode == status


def test_without_a_command_it_says_what_it_does() -> None:
    done = with_engine()
    assert done.returncode == 2
    assert "Run a command with a container engine" in done.stderr
