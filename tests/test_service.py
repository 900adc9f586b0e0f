from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import python

from metricrig import Placement, Rig, Service, Unavailable, UsageError
from metricrig.services import Redis


def test_a_command_that_is_one_text_is_refused_with_the_list_it_should_be() -> None:
    with pytest.raises(UsageError, match=r"command=\['redis-server', '--port', '1'\]"):
        Service(name="x", command="redis-server --port 1")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "name is letters"),
        ({"name": "../x"}, "name is letters"),
        ({"name": 3}, "name is letters"),
        ({"command": []}, "list of texts"),
        ({"command": ["sleep", 1]}, "list of texts"),
        ({"ports": {"http": "80"}}, "ports are names and numbers"),
        ({"env": {"A": 1}}, r"env\['A'\] is a text, '1', not 1"),
        ({"needs": [3]}, "needs are instances or their names"),
        ({"files": {"/etc/passwd": "x"}}, "outside of the instance's directory"),
        ({"files": {"../x": "x"}}, "outside of the instance's directory"),
        ({"command": ["x", "{prot}"]}, r"unknown placeholder \{prot\}"),
        ({"env": {"A": "{nope}"}}, r"known: \{rig\}, \{name\}, \{host\}"),
        ({"files": {"a.json": '{"a": 1}'}}, "a brace that is meant literally is doubled"),
        ({"url": "x://{hots}"}, r"unknown placeholder \{hots\}"),
        ({"command": ["x", "{"]}, "a brace that is meant literally is doubled"),
    ],
)
def test_a_wrong_description_is_refused_when_it_is_made(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Service(**{"name": "x", "command": ["sleep", "1"], **fields})  # type: ignore[arg-type]


def test_a_service_can_be_varied() -> None:
    cache = Redis().but(name="cache", start_within=3)
    assert (cache.name, cache.start_within, type(cache)) == ("cache", 3, Redis)
    assert Redis().name == "redis"
    with pytest.raises(UsageError, match="Service has no nmae; it has: command"):
        Redis().but(nmae="x")


def test_placeholders_are_filled_in_everywhere(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "verbatim").write_text("{not a placeholder}")
    show = "print(sys.argv[1:], os.environ['WHO'], os.getcwd(), flush=True); serve(sys.argv[1])"
    instance = rig.add(
        python(
            "shop",
            show,
            "{port}",
            "{port[admin]}",
            "{{literal}}",
            ports={"http": 80, "admin": 81},
            env={"WHO": "{name} of {rig} at {host}"},
            cwd="{dir}",
            ready=lambda i: i.logged("literal"),
            files={
                "a/deep/template.txt": "{name}:{port[admin]}",
                "bytes.bin": b"{name}",
                "copied.txt": tmp_path / "verbatim",
                "made.json": lambda at: f'{{"port": {at.port}}}',
            },
            url="shop://{host}:{port[admin]}/",
        )
    )
    rig.start()
    http, admin = instance.ports["http"], instance.ports["admin"]
    said = instance.logs.text()
    assert f"['{http}', '{admin}', '{{literal}}']" in said
    assert f"shop of {rig.id} at 127.0.0.1 {instance.dir}" in said
    assert (instance.dir / "a/deep/template.txt").read_text() == f"shop:{admin}"
    assert (instance.dir / "bytes.bin").read_text() == "{name}"
    assert (instance.dir / "copied.txt").read_text() == "{not a placeholder}"
    assert (instance.dir / "made.json").read_text() == f'{{"port": {http}}}'
    assert instance.url == f"shop://127.0.0.1:{admin}/"


def test_files_are_private(rig: Rig) -> None:
    instance = rig.add(Service(name="x", command=["sleep", "100"], files={"sub/secret": "{secret}"}))
    rig.start()
    assert (instance.dir / "sub/secret").stat().st_mode & 0o777 == 0o600
    assert (instance.dir / "sub").stat().st_mode & 0o777 == 0o700
    assert instance.dir.stat().st_mode & 0o777 == 0o700
    assert (instance.dir / "sub/secret").read_text() == instance.secret
    assert len(instance.secret) >= 20


def test_commands_and_environments_may_be_functions(rig: Rig) -> None:
    def command(at: Placement) -> list[str]:
        return ["sh", "-c", f"echo {at.name} $WHERE; sleep 1000"]

    instance = rig.add(
        Service(
            name="made",
            command=command,
            ports={"x": 1},
            env=lambda at: {"WHERE": at.address()},
            ready=lambda i: i.logged(f"made {i.host}:"),
        )
    )
    rig.start()
    assert instance.logs.text() == f"made {instance.address()}\n"


def test_an_unknown_port_names_the_known_ones(rig: Rig) -> None:
    instance = rig.add(Redis())
    with pytest.raises(UsageError, match="no port is named 'http'; this service's ports are: redis"):
        _ = instance.ports["http"]


def test_a_program_that_is_not_there_says_where_it_was_looked_for(rig: Rig) -> None:
    rig.add(Service(name="x", command=["no-such-program"]))
    with pytest.raises(Exception, match="the program 'no-such-program': it is not on PATH") as failure:
        rig.start()
    assert isinstance(failure.value.failures["x"], Unavailable)  # type: ignore[attr-defined]


def test_a_program_that_cannot_be_executed_says_why(rig: Rig, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("just a text")
    program.chmod(0o755)
    instance = rig.add(Service(name="x", command=[str(program)], ready=lambda _: False))
    with pytest.raises(Exception, match="it could not be executed: Exec format error") as failure:
        rig.start()
    assert isinstance(failure.value.failures["x"], Unavailable)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="No such file or directory"):
        instance.run([str(tmp_path / "nothing")])


def test_a_program_of_the_own_environment_is_found_without_activating_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert "pytest" in rig.add(Service(name="x", command=["sleep", "1"])).run(["pytest", "--version"]).out


def test_a_tool_placeholder_without_a_tool_says_so(rig: Rig) -> None:
    rig.add(Service(name="x", command=["{tool}"]))
    with pytest.raises(Exception, match="x has no tool"):
        rig.start()
