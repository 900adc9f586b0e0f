"""A real registry on loopback: Debian's docker-registry, open to all or to those with a password."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig import Unavailable
from metricrig.janitor.work import work
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from metricrig.janitor.work import Job

USER, PASSWORD = "clerk", "sesame"
_HASH = "$2y$05$4Qjb/RxXC7/z9.1QpuLZ0uZSkrTI7qBHUz4Kl3JiqZqa.VCAa9qTC"
"""Of the password, as bcrypt writes it: registries take nothing else."""


@dataclass(frozen=True, slots=True)
class Registry:
    """One that runs; ``address`` is the first part of the names of its images."""

    address: str

    def take(self, client: docker.APIClient, image: str, name: str, *, private: bool = False) -> str:
        """Have an image of the engine under a name here, and no more there; its whole name."""
        repository = f"{self.address}/{name}"
        client.tag(image, repository, "1")
        who = {"username": USER, "password": PASSWORD} if private else None
        for line in client.push(repository, tag="1", stream=True, decode=True, auth_config=who):
            assert "error" not in line, line
        client.remove_image(f"{repository}:1")
        return f"{repository}:1"


@contextlib.contextmanager
def running(directory: Path, *, private: bool = False) -> Iterator[Registry]:
    """Until the end of the block, or of this process: it is the janitor who starts it, in a new directory."""
    program = shutil.which("docker-registry")
    if program is None:
        raise Unavailable(
            "a registry",
            reason="docker-registry is not installed",
            remedy="apt-get install docker-registry",
            excuse=True,
        )
    with work(directory) as ours:
        command = [program, "serve", str(_config(directory, private=private))]
        with ours.running(command, cwd=directory, env=os.environ) as job:
            yield Registry(eventually(lambda: _address(job)))


def _address(job: Job) -> str:
    found = re.search(r"listening on (127\.0\.0\.1:\d+)", job.out + job.err)
    return found[1] if found else ""


def _config(directory: Path, *, private: bool) -> Path:
    (directory / "users").write_text(f"{USER}:{_HASH}\n")
    auth = f"auth: {{htpasswd: {{realm: tests, path: {directory / 'users'}}}}}\n" if private else ""
    config = directory / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: info}\n"
        f"storage: {{filesystem: {{rootdirectory: {directory / 'data'}}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n{auth}"
    )
    return config
