"""As whom services run: their processes, their directories, the commands beside them."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from support.programs import sleeper

from metricrig import Rig, StartFailed, Unavailable, UsageError, ready
from metricrig.services import PostgreSQL

EVERY_RUNTIME = True

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may start processes as somebody else")


def ids(rig: Rig, user: str) -> str:
    """Start something as a user that writes into its own directory; what its process says of itself."""
    service = sleeper(user=user, files={"given": "{name}", "deep/given": "{name}"})
    script = "cat {dir}/given {dir}/deep/given >{dir}/copied && id -u >{dir}/ids && id -g >>{dir}/ids"
    command = ["sh", "-c", f"{script} && echo written && exec sleep 1000"]
    instance = rig.add(service.but(command=command, ready=ready.log("written")))
    rig.start()
    instance.restart()
    assert instance.run(["cat", "{dir}/copied"]).out == "sleepersleeper"
    assert instance.run(["sh", "-c", "id -u; id -g"]).out == instance.run(["cat", "{dir}/ids"]).out
    return ":".join(instance.run(["cat", "{dir}/ids"]).out.split())


def bring_up(rig: Rig, user: str) -> None:
    rig.add(sleeper(user=user))
    rig.start()


@needs_root
def test_a_service_runs_as_the_user_that_it_names(rig: Rig, runtime: str) -> None:
    entry = pwd.getpwnam("nobody")
    # In a container it is the image's list that counts, where nobody has other numbers.
    assert ids(rig, "nobody") == ("65533:65532" if runtime == "docker" else f"{entry.pw_uid}:{entry.pw_gid}")


@needs_root
@pytest.mark.parametrize(("user", "is_"), [("4999", "4999:4999"), ("4999:5001", "4999:5001")])
def test_numbers_need_not_be_on_any_list(rig: Rig, user: str, is_: str) -> None:
    assert ids(rig, user) == is_


@needs_root
def test_a_server_that_refuses_root_runs_as_whom_it_is_told(rig: Rig, runtime: str) -> None:
    pg = rig.add(PostgreSQL(user="4999" if runtime == "docker" else "daemon"))
    rig.start()
    wanted = 4999 if runtime == "docker" else pwd.getpwnam("daemon").pw_uid
    assert Path(f"/proc/{pg.pid}").stat().st_uid == (pg.dir / "data").stat().st_uid == wanted
    assert pg.psql("SELECT 1") == "1"


def test_a_user_whom_only_the_image_knows(container_engine: str) -> None:
    with Rig("boxes", runtime="docker") as rig:
        assert ids(rig, "clerk") == "4711:4712"


def test_a_user_whom_nobody_knows_is_named_with_the_way_out(rig: Rig, runtime: str) -> None:
    with pytest.raises((Unavailable, StartFailed)) as failure:
        bring_up(rig, "ghost")
    where = "in the image metricrig-tests/programs:5, which knows root, nobody, clerk"
    assert (
        f"sleeper as user 'ghost': there is no such user {where if runtime == 'docker' else 'on this machine'}"
        in str(failure.value)
    )
    assert 'user="1000:1000"' in str(failure.value)


def test_only_root_can_start_processes_as_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with Rig("plain") as rig:
        monkeypatch.setattr("os.geteuid", lambda: 4999)
        with pytest.raises(Unavailable, match="only root may start processes as uid 0, and you are uid 4999"):
            rig.add(sleeper(user="root"))
        monkeypatch.undo()


def test_to_be_oneself_needs_no_root(rig: Rig) -> None:
    assert ids(rig, f"{os.geteuid()}:{os.getegid()}") == f"{os.geteuid()}:{os.getegid()}"


@pytest.mark.parametrize("user", [1000, "", "a b", "x:", "x:staff"])
def test_what_is_no_user_is_a_usage_error(user: object) -> None:
    with pytest.raises(UsageError, match="what works: user="):
        sleeper(user=user)
