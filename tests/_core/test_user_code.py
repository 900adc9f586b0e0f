"""What a user's own function raises is told with its type, its line and its cause."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest
from support.programs import sleeper

from metricrig import DeadlineExceeded, FunctionFailed, Rig, Service, StartFailed, UsageError, ready
from metricrig._core.user_code import cause_of


def broken(*_: Any) -> Any:
    return 1 // 0  # the line


def broken_below(*_: Any) -> Any:
    return json.loads("{nonsense")


GIVEN: dict[str, dict[str, Any]] = {
    "prepare": {"prepare": broken},
    "env": {"env": broken},
    "command": {"command": broken},
    "files['x']": {"files": {"x": broken}},
}


@pytest.mark.parametrize("what", GIVEN)
def test_type_line_and_cause_are_told(rig: Rig, what: str) -> None:
    rig.add(Service(**{"name": "app", "command": ["sleep", "1000"], **GIVEN[what]}))
    with pytest.raises(StartFailed) as failed:
        rig.start()
    assert f"app: its {what} raised ZeroDivisionError" in str(failed.value)
    assert f"at {__file__}:" in str(failed.value)
    assert "| return 1 // 0  # the line" in str(failed.value)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    assert "return 1 // 0" in "".join(traceback.format_exception(failed.value))
    one = failed.value.failures["app"]
    assert isinstance(one, FunctionFailed)
    assert (one.service, one.what, type(one.error)) == ("app", what, ZeroDivisionError)


def test_the_users_line_comes_first_and_the_librarys_below_it(rig: Rig) -> None:
    rig.add(Service(name="app", command=["sleep", "1000"], prepare=broken_below))
    with pytest.raises(StartFailed, match=r'json.loads\("\{nonsense"\)\n.*raised in .*json/decoder.py:\d+'):
        rig.start()


def test_a_function_that_cannot_be_called_so_is_named(rig: Rig) -> None:
    rig.add(Service(name="app", command=["sleep", "1000"], prepare=lambda: None))  # type: ignore[arg-type, misc]
    with pytest.raises(StartFailed, match=rf"raised TypeError.*\n.*of {__file__}:\d+\n"):
        rig.start()


def test_several_causes_are_a_group_and_other_failures_are_none() -> None:
    one, other = (
        FunctionFailed(name, what="env", function=broken, error=error)
        for name, error in (("a", ZeroDivisionError("x")), ("b", KeyError("y")))
    )
    assert cause_of([]) is None
    assert cause_of([UsageError("wrong")]) is None
    assert cause_of([UsageError("wrong"), one]) is one.error
    both = cause_of([one, other])
    assert isinstance(both, ExceptionGroup)
    assert both.exceptions == (one.error, other.error)


def test_an_error_of_ours_keeps_its_kind_and_says_whence_it_came(rig: Rig) -> None:
    rig.add(Service(name="app", command=lambda at: ["x", str(at.port["htpp"])], ports={"http": 80}))
    with pytest.raises(StartFailed, match=r"no port is named 'htpp'(.|\n)*raised by its command, at") as failed:
        rig.start()
    assert isinstance(failed.value.failures["app"], UsageError)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"command": lambda _: "sleep 10"}, r"it is a list: command=\['sleep', '10'\]"),
        ({"command": lambda _: None}, "a list of texts"),
        ({"env": lambda _: {"A": 1}}, r"env\['A'\] is a text, '1', not 1"),
        ({"env": lambda _: None}, "names and texts"),
        ({"files": {"x": lambda _: 3}}, "a text or bytes"),
    ],
)
def test_what_a_function_returns_is_checked(rig: Rig, fields: dict[str, Any], message: str) -> None:
    rig.add(Service(**{"name": "app", "command": ["sleep", "1000"], **fields}))
    with pytest.raises(StartFailed, match=message):
        rig.start()


def test_a_wrong_call_in_a_probe_is_told_at_once(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    with pytest.raises(UsageError, match="what works: a regular expression") as wrong:
        instance.wait(lambda each: each.logged("("), within=600)
    assert f"raised by its probe, at {__file__}:" in wrong.value.__notes__[0]


def test_a_probe_that_raises_shows_its_line_when_the_wait_runs_out(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    for probe in (broken, ready.all_of(broken), ready.any_of(ready.log("never"), broken)):
        with pytest.raises(DeadlineExceeded) as ran_out:
            instance.wait(probe, within=0.01)
        assert "ZeroDivisionError" in str(ran_out.value)
        assert f"at {__file__}:" in str(ran_out.value)
        assert "| return 1 // 0  # the line" in str(ran_out.value)
        assert isinstance(ran_out.value.__cause__, ZeroDivisionError)
