"""What a version request means, and which settings are understood."""

from __future__ import annotations

import pytest

from metricrig._core.errors import UsageError
from metricrig.services import REDIS
from metricrig.tools import Executable, Tool, obtain
from metricrig.tools.shared_libraries import bringing, package_of
from metricrig.tools.source_settings import SOURCES, settings
from metricrig.tools.tool_request import CannotDeliver, request_for, target
from metricrig.tools.version_numbers import normalised

TOOL = Tool(name="acme", executables=("acme",), supported=">=1.5", preferred="1.9.0")


@pytest.mark.parametrize(
    ("written", "version"),
    [
        ("1.128.0", "1.128.0"),
        ("v1.128.0", "1.128.0"),
        ("1.79.5+ds1-2+b5", "1.79.5"),
        ("5:7.0.15-1~deb12u10", "7.0.15"),
        ("2.42.0+ds-5+deb12u1", "2.42.0"),
        ("15.20-0+deb12u1", "15.20"),
        ("3.0.0-rc.1", "3.0.0rc1"),
        ("3.0.0~rc.1+ds", "3.0.0rc1"),
        ("1.6.18-1+deb12u1", "1.6.18"),
        ("18", "18"),
        ("nonsense", ""),
    ],
)
def test_versions_are_understood_however_they_are_written(written: str, version: str) -> None:
    assert normalised(written) == version


@pytest.mark.parametrize(
    ("asked", "version", "satisfied"),
    [
        (None, "1.5.0", True),
        (None, "1.4.9", False),
        (None, "", False),
        ("1.6.2", "1.6.2", True),
        ("v1.6.2", "1.6.2", True),
        ("1.6.2", "1.6.20", False),
        ("1.6", "1.6.20", True),
        ("1.6", "1.7.0", False),
        ("1.2", "1.2.0", True),
        (">=1.6,<2", "1.99.9", True),
        (">=1.6,<2", "2.0.0", False),
        ("~=2.42", "2.55.1", True),
        ("~=2.42", "3.0.0", False),
        ("3.0.0-rc.1", "3.0.0rc1", True),
        (">=2", "3.0.0rc1", True),
    ],
)
def test_requests_are_satisfied(asked: str | None, version: str, satisfied: bool) -> None:
    assert request_for(TOOL, asked, None).satisfied_by(version) is satisfied


def test_without_constraints_any_version_will_do() -> None:
    assert request_for(Tool(name="any", executables=("any",)), None, None).satisfied_by("")


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        (None, "1.9.0"),
        (">=1.6", "1.9.0"),
        ("1.9", "1.9.0"),
        ("1.7.3", "1.7.3"),
        ("v1.7.3", "1.7.3"),
        (">=2.0.1,<3", "2.0.1"),
        ("==1.6.4", "1.6.4"),
        ("~=1.6.4", "1.6.4"),
    ],
)
def test_a_request_names_what_to_fetch(asked: str | None, version: str) -> None:
    assert target(request_for(TOOL, asked, None)) == version


@pytest.mark.parametrize("asked", ["<1.9", "2.1", ">=3", "==1.6.*", ">1.9.0"])
def test_a_vague_request_is_asked_to_be_exact(asked: str) -> None:
    with pytest.raises(CannotDeliver, match=r'name an exact version, such as "1.9.0"'):
        target(request_for(TOOL, asked, None))


@pytest.mark.parametrize("asked", ["latest", ">=", "1.2.x", "=1.2"])
def test_what_is_no_request_is_a_wrong_call(asked: str) -> None:
    with pytest.raises(UsageError, match=r"is no version request"):
        obtain(REDIS, asked)


def test_a_call_states_more_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_ACME_VERSION", "1.6.0")
    assert request_for(TOOL, None, None).exact == "1.6.0"
    assert request_for(TOOL, "1.7.0", None).exact == "1.7.0"


def test_at_least_compares_numbers() -> None:
    found = Executable("acme", path=None, version="1.88.0", source="path")  # type: ignore[arg-type]
    assert found.at_least("1.88")
    assert found.at_least("1.9.7")
    assert not found.at_least("1.88.1")
    assert Executable("a", path=None, version="18", source="path").at_least("18.0")  # type: ignore[arg-type]
    assert not Executable("a", path=None, version="", source="path").at_least("0")  # type: ignore[arg-type]


def test_sources_are_restricted_and_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().sources == SOURCES
    monkeypatch.setenv("METRICRIG_SOURCES", " debian, path,debian")
    assert settings().sources == ("explicit", "debian", "path")
    monkeypatch.setenv("METRICRIG_SOURCES", "path,docker")
    with pytest.raises(UsageError, match=r"there is no source 'docker'"):
        settings()


@pytest.mark.parametrize("stated", ["0", "-1", "soon", "inf", "nan"])
def test_a_timeout_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch, stated: str) -> None:
    monkeypatch.setenv("METRICRIG_DOWNLOAD_TIMEOUT", stated)
    with pytest.raises(UsageError, match=r"no number of seconds"):
        settings()


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("liblzf.so.1", "liblzf1"),
        ("libjemalloc.so.2", "libjemalloc2"),
        ("libevent-2.1.so.7", "libevent-2.1-7"),
        ("libLLVM-14.so.1", "libllvm-14-1"),
    ],
)
def test_debian_names_packages_after_libraries(library: str, package: str) -> None:
    assert package_of(library) == package


def test_only_the_packages_of_missing_libraries_are_fetched() -> None:
    known = ["libc6", "perl", "liblzf1", "libevent-2.1-7t64"]
    assert bringing(["libevent-2.1.so.7"], known) == ["libevent-2.1-7t64"]
    assert bringing(["libodd.so.3"], known) == ["libc6", "liblzf1", "libevent-2.1-7t64"]
