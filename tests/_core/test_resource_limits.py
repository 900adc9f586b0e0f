"""Where a process runs out of files or processes: what it lacks is said, and nothing is left."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from metricrig import Unavailable
from metricrig._core.resource_limits import explained, start_thread


@pytest.mark.parametrize("services", [1, 12])
@pytest.mark.parametrize("files", [6, 7, 8, 10, 12, 16])
def test_few_files_are_enough_or_the_error_says_so(files: int, services: int, tmp_path: Path) -> None:
    code = f"""
        import resource
        from metricrig import Rig, Service, Unavailable
        resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))
        try:
            with Rig("few") as rig:
                for number in range({services}):
                    service = Service(name=str(number), command=["sleep", "9"], ports={{"p": 1}}, ready=lambda _: True)
                    rig.add(service)
                rig.start()
        except Unavailable as error:
            assert "too many files are open: {files} are allowed" in str(error), error
            assert "ulimit -n" in str(error)
    """
    environment = {**os.environ, "METRICRIG_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("metricrig-*/*"))


def test_a_thread_that_cannot_be_started_is_something_that_the_machine_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(Unavailable, match=r"(?s)no further process or thread.*ulimit -u"):
        start_thread(threading.Thread(name="t"))


def test_an_error_that_is_about_no_limit_stays_as_it_is() -> None:
    with pytest.raises(FileNotFoundError), explained("something"):
        raise FileNotFoundError(errno.ENOENT, "no such file")
    with pytest.raises(Unavailable, match="something: no further process"), explained("something"):
        raise BlockingIOError(errno.EAGAIN, "try again")
