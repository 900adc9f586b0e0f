from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.programs import python, sleeper, web

from metricrig import Instance, Rig, Service, ServiceDied, StartFailed, UsageError, ready
from metricrig.events import RigClosed, RigClosing, RigOpened, ServiceReady, ServiceStarting, ServiceStopped
from metricrig.services import Redis

if TYPE_CHECKING:
    from metricrig.events import Event


def started(happened: list[Event]) -> list[str]:
    return [event.service for event in happened if isinstance(event, ServiceStarting)]


def test_a_service_is_ready_when_start_returns(rig: Rig) -> None:
    shop = rig.add(web("shop"))
    rig.start()
    assert shop.state == "ready"
    assert shop.run(["python3", "-c", f"import urllib.request as u; print(u.urlopen('{shop.url}').read())"]).out


def test_addresses_are_known_before_the_start(rig: Rig) -> None:
    shop = rig.add(web("shop"))
    before = (shop.url, shop.inside.url, shop.port, shop.ports["http"], shop.address("http"))
    rig.start()
    assert before == (shop.url, shop.inside.url, shop.port, shop.ports["http"], shop.address("http"))
    assert shop.url == f"http://127.0.0.1:{shop.port}"


@pytest.mark.parametrize("name", ["", "a/b", "two words", "-x", "größe"])
def test_a_name_that_some_runtime_would_not_take_is_refused_by_all(name: str) -> None:
    with pytest.raises(UsageError, match="a rig's name is letters, digits"):
        Rig(name)


def test_a_rig_says_where_its_services_run(rig: Rig, runtime: str) -> None:
    assert rig.runtime == runtime


def test_a_service_starts_after_what_it_needs_is_ready(rig: Rig, happened: list[Event]) -> None:
    first = rig.add(web("first"))
    rig.add(web("second", needs=[first]))
    rig.add(web("third", needs=["second"]))
    rig.start()
    order = [(type(e).__name__, e.service) for e in happened if isinstance(e, ServiceStarting | ServiceReady)]
    assert order == [
        (kind, name) for name in ("first", "second", "third") for kind in ("ServiceStarting", "ServiceReady")
    ]


def test_what_is_independent_starts_in_parallel(rig: Rig, tmp_path: Path) -> None:
    """Each is ready only when the other has started: one after the other could never succeed."""

    def both_there(_: Instance) -> bool:
        return {each.name for each in tmp_path.iterdir()} == {"a", "b"}

    for name in ("a", "b"):
        code = f"open({str(tmp_path / name)!r}, 'w'); time.sleep(1000)"
        rig.add(python(name, code, ready=both_there, start_within=60))
    rig.start()
    assert [each.state for each in rig] == ["ready", "ready"]


def test_start_of_one_starts_what_it_needs_and_no_more(rig: Rig, happened: list[Event]) -> None:
    base = rig.add(sleeper("base"))
    top = rig.add(sleeper("top", needs=[base]))
    rig.add(sleeper("other"))
    rig.start(top)
    assert started(happened) == ["base", "top"]


def test_one_failing_start_stops_the_rest_and_is_reported(rig: Rig) -> None:
    good = rig.add(sleeper("good"))
    rig.add(python("bad", "print('cannot open my database'); sys.exit(3)", needs=[good], ready=ready.log("listening")))
    never = rig.add(sleeper("never", needs=["bad"]))
    with pytest.raises(StartFailed) as failure:
        rig.start()
    error = failure.value
    assert list(error.failures) == ["bad"]
    assert error.stopped == ("good",)
    assert "exited with 3" in str(error)
    assert "cannot open my database" in str(error)
    assert (good.state, never.state) == ("stopped", "new")


def test_every_failure_of_a_start_is_reported(rig: Rig) -> None:
    gate = threading.Barrier(2, timeout=60)

    def fails(_: object) -> None:
        gate.wait()
        raise ServiceDied("x", how="failed on purpose", during="in a test")

    for name in ("one", "two"):
        rig.add(sleeper(name).but(prepare=fails))
    with pytest.raises(StartFailed) as failure:
        rig.start()
    assert set(failure.value.failures) == {"one", "two"}


def test_a_failed_service_can_be_started_again(rig: Rig, tmp_path: Path) -> None:
    flag = tmp_path / "works-now"
    code = f"os.path.exists({str(flag)!r}) or sys.exit(1); serve(sys.argv[1])"
    instance = rig.add(python("moody", code, "{port}", ports={"http": 80}))
    with pytest.raises(StartFailed):
        rig.start()
    flag.touch()
    rig.start()
    assert instance.state == "ready"


def test_closing_stops_in_reverse_order(happened: list[Event], rig: Rig) -> None:
    base = rig.add(sleeper("base"))
    rig.add(sleeper("top", needs=[base]))
    rig.start()
    rig.close()
    assert [e.service for e in happened if isinstance(e, ServiceStopped)] == ["top", "base"]
    assert isinstance(happened[-1], RigClosed)


def test_closing_twice_is_fine(rig: Rig) -> None:
    rig.add(sleeper())
    rig.start()
    rig.close()
    rig.close()


def test_an_exception_inside_the_block_leaves_nothing() -> None:
    rig = Rig("broken")
    instance = rig.add(sleeper())
    rig.start()
    pid = instance.pid
    with pytest.raises(ZeroDivisionError), rig:
        raise ZeroDivisionError
    assert not rig.directory.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_a_kept_rig_leaves_its_directory_and_nothing_else(foreign_root: Path) -> None:
    with Rig("kept", keep=True) as rig:
        code = "print('x', end='', file=open('data', 'w'), flush=True); print('written'); time.sleep(1000)"
        instance = rig.add(python("writer", code, cwd="{dir}"))
        rig.start()
        instance.wait(ready.log("written"))
        pid = instance.pid
    assert (rig.directory / "writer" / "data").read_text() == "x"
    assert rig.directory.is_relative_to(foreign_root)
    assert not Path(f"/proc/{pid}").exists()


def test_data_may_lie_on_disk_or_where_one_says(tmp_path: Path) -> None:
    with Rig("here", data=tmp_path) as rig:
        assert rig.directory.is_relative_to(tmp_path)
        assert rig.directory.stat().st_mode & 0o077 in {0o000, 0o011}
    with pytest.raises(UsageError, match="an absolute path"):
        Rig("nowhere", data="somewhere")


def test_a_forked_child_does_not_close_its_parents_rig(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    child = os.fork()
    if child == 0:
        rig.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert instance.state == "ready"
    assert Path(f"/proc/{instance.pid}").exists()


def test_two_rigs_beside_each_other_share_nothing() -> None:
    with Rig("one") as one, Rig("one") as two:
        first, second = one.add(web()), two.add(web())
        one.start()
        two.start()
        assert first.port != second.port
        one.close()
        assert second.state == "ready"
        assert second.run(["true"]).status == 0


def test_events_tell_the_whole_story(rig: Rig, happened: list[Event]) -> None:
    rig.add(sleeper())
    rig.start()
    rig.close()
    names = [type(event).__name__ for event in happened]
    assert names == ["ServiceStarting", "ServiceReady", "RigClosing", "ServiceStopped", "RigClosed"]
    assert sorted(happened, key=lambda event: event.at) == happened


def test_the_representation_shows_the_state(rig: Rig) -> None:
    shop = rig.add(web("shop"))
    assert repr(shop) == f"<Instance shop new 127.0.0.1:{shop.port}>"
    rig.start()
    assert repr(shop).startswith(f"<Instance shop ready 127.0.0.1:{shop.port} pid={shop.pid} up=")
    assert repr(rig) == f"<Rig {rig.id} process: shop ready>"


def test_names_find_instances(rig: Rig) -> None:
    redis = rig.add(Redis())
    cache = rig.add(Redis(), name="cache")
    assert rig["redis"] is redis
    assert rig["cache"] is cache
    assert list(rig) == [redis, cache]
    assert len(rig) == 2
    assert "cache" in rig
    with pytest.raises(UsageError, match=r"no 'rediss'; did you mean 'redis'\?"):
        rig["rediss"]


def test_a_duplicate_name_is_refused_with_what_would_work(rig: Rig) -> None:
    rig.add(Redis())
    with pytest.raises(UsageError, match=r"rig.add\(..., name='redis-2'\)"):
        rig.add(Redis())


def test_a_circle_of_needs_is_refused_before_anything_runs(rig: Rig, happened: list[Event]) -> None:
    rig.add(sleeper("a", needs=["b"]))
    rig.add(sleeper("b", needs=["c"]))
    rig.add(sleeper("c", needs=["a"]))
    with pytest.raises(UsageError, match="circle: "):
        rig.start()
    assert not happened


def test_an_unknown_need_is_refused(rig: Rig) -> None:
    rig.add(sleeper("shop", needs=["reddis"]))
    rig.add(sleeper("redis"))
    with pytest.raises(UsageError, match=r"shop needs 'reddis', which is not in the rig; did you mean 'redis'\?"):
        rig.start()


def test_something_that_is_no_service_is_refused(rig: Rig) -> None:
    with pytest.raises(UsageError, match="takes a Service"):
        rig.add("redis")  # type: ignore[call-overload]


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(UsageError, match="no runtime is called 'podmen'"):
        Rig("x", runtime="podmen")


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda i: i.pid, id="pid"),
        pytest.param(lambda i: i.kill(), id="kill"),
        pytest.param(lambda i: i.pause(), id="pause"),
        pytest.param(lambda i: i.resources(), id="resources"),
        pytest.param(lambda i: i.logs.wait("x"), id="logs"),
        pytest.param(lambda i: i.wait(ready.tcp()), id="wait"),
        pytest.param(lambda i: i.signal(1), id="signal"),
    ],
)
def test_use_before_the_start_says_what_to_do(rig: Rig, use: object) -> None:
    instance = rig.add(sleeper("early"))
    with pytest.raises(UsageError, match=r"call rig.start\(\) or early.start\(\) first"):
        use(instance)  # type: ignore[operator]


def test_stop_before_the_start_is_fine(rig: Rig) -> None:
    rig.add(sleeper()).stop()
    rig.stop()


def test_use_after_the_close_is_refused(rig: Rig) -> None:
    instance = rig.add(sleeper("late"))
    rig.start()
    rig.close()
    for use in (instance.start, instance.stop, instance.kill, lambda: instance.run(["true"]), lambda: instance.pid):
        with pytest.raises(UsageError, match="late is closed"):
            use()
    for use_rig in (rig.start, lambda: rig.add(sleeper("later")), rig.stop):
        with pytest.raises(UsageError, match="is closed"):
            use_rig()


def test_opening_is_an_event_of_everything() -> None:
    from metricrig.events import everything  # noqa: PLC0415 - the public name is what is tested

    seen: list[Event] = []
    with everything.listening(seen.append), Rig("seen") as rig:
        pass
    assert [type(each) for each in seen if getattr(each, "rig", "") == rig.id] == [RigOpened, RigClosing, RigClosed]


def test_a_service_may_have_no_ports(rig: Rig) -> None:
    instance = rig.add(Service(name="plain", command=["sleep", "100"]))
    rig.start()
    assert instance.url == ""
    with pytest.raises(UsageError, match="has no ports"):
        _ = instance.port
