"""Images: found, built, refused with the reason, and known by what is in them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
from support.images import image_of
from support.programs import IMAGE, sleeper, web

from metricrig import Limits, Rig, Service, StartFailed, Unavailable, UsageError
from metricrig.events import ImageObtained, ImageProgressed, everything
from metricrig.runtimes.docker.images.from_files import search_path
from metricrig.services import REDIS, VICTORIA_METRICS, Redis, VictoriaMetrics
from metricrig.tools import Image, obtain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.events import Event


@pytest.fixture
def boxes(container_engine: str) -> Iterator[Rig]:
    assert container_engine
    with Rig("boxes", runtime="docker") as rig:
        yield rig


@pytest.fixture
def client(container_engine: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=container_engine, version="auto")
    yield client
    client.close()


def failure_of(rig: Rig, name: str) -> BaseException:
    with pytest.raises(StartFailed) as failure:
        rig.start()
    return failure.value.failures[name]


def test_the_version_is_that_of_the_program_in_the_image(boxes: Rig) -> None:
    redis = boxes.add(Redis())
    boxes.start()
    assert redis.version == obtain(REDIS).version
    assert redis.command[0] == "redis-server"


def test_a_version_that_the_engine_lacks_is_pulled_and_failing_says_why(boxes: Rig) -> None:
    boxes.add(VictoriaMetrics(version="1.1.1"))
    error = failure_of(boxes, "victoriametrics")
    assert isinstance(error, Unavailable)
    assert "victoriametrics/victoria-metrics:v1.1.1: it cannot be pulled: " in str(error)
    assert "docker pull victoriametrics/victoria-metrics:v1.1.1" in error.remedy


def test_a_range_that_nothing_satisfies_asks_for_an_exact_version(boxes: Rig) -> None:
    boxes.add(VictoriaMetrics(version=">=99"))
    assert "ask for an exact version, such as" in str(failure_of(boxes, "victoriametrics"))


def test_an_image_with_another_version_than_wanted_is_refused(boxes: Rig) -> None:
    boxes.add(Redis(version="3.2.1", image=image_of(REDIS, obtain(REDIS))))
    assert f"has {obtain(REDIS).version}" in str(failure_of(boxes, "redis"))


def test_never_pulling_is_respected(boxes: Rig) -> None:
    boxes.add(sleeper(image=Image("metricrig-tests/absent:1", pull="never")))
    assert 'it is not in the engine, and pull="never"' in str(failure_of(boxes, "sleeper"))


def test_a_policy_that_is_none_is_a_usage_error(boxes: Rig) -> None:
    boxes.add(sleeper(image=Image(IMAGE, pull="sometimes")))
    assert isinstance(failure_of(boxes, "sleeper"), UsageError)


def test_an_image_for_another_platform_is_refused(boxes: Rig, client: docker.APIClient) -> None:
    name = "metricrig-tests/foreign:1"
    client.import_image_from_data(b"\0" * 1024, repository="metricrig-tests/foreign", tag="1")
    found = client.inspect_image(name)["Architecture"]  # type: ignore[no-untyped-call]
    other = "arm64" if found == "amd64" else "amd64"
    boxes.add(sleeper(image=Image(name, platform=f"linux/{other}")))
    assert "it cannot be pulled" in str(failure_of(boxes, "sleeper"))
    client.remove_image(name)


def test_a_service_without_an_image_is_told_how_to_get_one(boxes: Rig) -> None:
    boxes.add(Service(name="shop", command=["shop"]))
    assert "shop has no image" in str(failure_of(boxes, "shop"))


def test_an_image_is_built_from_a_folder(boxes: Rig, tmp_path: Path, client: docker.APIClient) -> None:
    (tmp_path / "greeting").write_text("hello from the image")
    (tmp_path / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY greeting /greeting\n")
    events: list[Event] = []
    built = Image("metricrig-tests/built:1", build=tmp_path)
    with everything.listening(events.append):
        shop = boxes.add(sleeper("shop", image=built))
        boxes.start()
    assert shop.run(["cat", "/greeting"]).out == "hello from the image"
    assert any(isinstance(event, ImageProgressed) for event in events)
    assert any(isinstance(event, ImageObtained) and event.image == built.name for event in events)
    assert shop.ready_after is not None
    boxes.close()
    client.remove_image(built.name)


def test_a_folder_that_does_not_build_says_what_the_engine_said(boxes: Rig, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY nothing /nothing\n")
    boxes.add(sleeper(image=Image("metricrig-tests/broken:1", build=tmp_path)))
    assert "it cannot be built: " in str(failure_of(boxes, "sleeper"))
    shutil.rmtree(tmp_path)
    boxes_folder = sleeper("gone", image=Image("metricrig-tests/broken:1", build=tmp_path))
    boxes.add(boxes_folder)
    with pytest.raises(Unavailable, match="it cannot be built: "):
        boxes["gone"].start()


def test_an_image_is_made_of_programs_of_this_machine(boxes: Rig, tmp_path: Path, client: docker.APIClient) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "greeting").write_text("hello")
    (tmp_path / "deep" / "nowhere").symlink_to("absent")
    files = {f"/bin/{word}": Path(shutil.which(word) or word) for word in ("sleep", "cat")}
    made = Image("metricrig-tests/made:1", files={**files, "/given": tmp_path / "deep"})
    events: list[Event] = []
    with everything.listening(events.append):
        one, other = boxes.add(sleeper("one", image=made)), boxes.add(sleeper("other", image=made))
        boxes.start()
    assert one.run(["cat", "/given/er/greeting"]).out == "hello"
    assert [each.image for each in events if isinstance(each, ImageObtained)] == [made.name]  # made once, used twice
    before = client.inspect_image(made.name)["Id"]  # type: ignore[no-untyped-call]
    one.stop()
    other.stop()
    (tmp_path / "deep" / "er" / "greeting").write_text("hello again")
    other.start()
    assert other.run(["cat", "/given/er/greeting"]).out == "hello again"
    with pytest.raises(docker.errors.ImageNotFound):
        client.inspect_image(before)  # type: ignore[no-untyped-call]
    boxes.close()
    client.remove_image(made.name)


def test_a_catalogue_service_runs_from_an_image_made_of_its_program(boxes: Rig, client: docker.APIClient) -> None:
    assert VICTORIA_METRICS.image is not None
    program = obtain(VICTORIA_METRICS)
    files = {VICTORIA_METRICS.image.program: program.path}
    made = Image("metricrig-tests/victoria:1", files=files, version=program.version)  # Debian's does not tell its own
    victoria = boxes.add(VictoriaMetrics(image=made))
    boxes.start()
    assert victoria.version == program.version
    victoria.write("made", 1)
    assert victoria.query("made") == 1
    boxes.close()
    client.remove_image(made.name)


def test_a_program_that_does_not_tell_its_version_has_the_one_that_is_stated(
    boxes: Rig, client: docker.APIClient
) -> None:
    assert REDIS.image is not None
    silent = replace(REDIS, version_pattern="no such word")
    files = {"/usr/local/bin/redis-server": obtain(REDIS).path}
    known = Image("metricrig-tests/silent:1", files=files, version="7.1.2")
    redis = Redis(version="7.1.2")
    server = boxes.add(redis.but(tool=silent, image=known))
    boxes.start()
    assert server.version == "7.1.2"
    boxes.add(redis.but(name="unknown", tool=silent, image=replace(known, version="")))
    assert 'if you know which it has: Image(..., version="1.2.3")' in str(failure_of(boxes, "unknown"))
    boxes.close()
    client.remove_image(known.name)


def test_programs_that_are_named_are_on_the_path_of_a_made_image(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    cat = Path("/bin/cat")
    files = {"/opt/shop/bin/cat": cat, "/bin/cat": cat, "/etc/text": tmp_path / "text", "/tree": tmp_path}
    assert search_path(files)[:2] == ["/opt/shop/bin", "/usr/local/sbin"]
    assert search_path(files)[-1] == "/bin"
    assert not {"/etc", "/tree", "/"}.intersection(search_path(files))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"/bin/absent": Path("/nowhere/absent")}, "there is no /nowhere/absent"),
        ({"bin/cat": Path("/bin/cat")}, "paths in an image are absolute"),
    ],
)
def test_an_image_that_cannot_be_made_says_why(boxes: Rig, files: dict[str, Path], why: str) -> None:
    boxes.add(sleeper(image=Image("metricrig-tests/unmade:1", files=files)))
    assert why in str(failure_of(boxes, "sleeper"))


def test_what_no_engine_would_do_is_not_taken_for_something_that_this_machine_lacks(boxes: Rig) -> None:
    boxes.add(sleeper(limits=Limits(memory=1)))
    error = failure_of(boxes, "sleeper")
    assert isinstance(error, UsageError)
    assert "sleeper: the engine refuses such a container: " in str(error)


def test_an_image_has_one_origin(boxes: Rig, tmp_path: Path) -> None:
    boxes.add(sleeper(image=Image("metricrig-tests/both:1", build=tmp_path, files={"/a": tmp_path})))
    assert "built from a folder or made of files, not both" in str(failure_of(boxes, "sleeper"))


def test_an_image_of_the_environment_is_taken(boxes: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_REDIS_IMAGE", "metricrig-tests/absent:2")
    boxes.add(Redis())
    assert "metricrig-tests/absent:2" in str(failure_of(boxes, "redis"))


def test_services_find_each_other_by_name(boxes: Rig) -> None:
    shop, visitor = boxes.add(web("shop")), boxes.add(sleeper("visitor"))
    boxes.start()
    assert shop.inside.url == "http://shop:80"
    assert visitor.run(["curl", "-s", shop.inside.url]).out.startswith("hello from")


def test_rigs_do_not_reach_each_other(boxes: Rig) -> None:
    shop = boxes.add(web("shop"))
    boxes.start()
    with Rig("others", runtime="docker") as others:
        visitor = others.add(sleeper("visitor"))
        others.start()
        assert visitor.run(["curl", "-s", shop.inside.url], check=False).status == 6  # curl: no such host
