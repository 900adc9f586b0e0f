from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from metricrig._core.frozen_class import frozen, frozen_by_name, made_by


@frozen
class Point:
    """One with fields in an order."""

    x: int
    y: int = 0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")


@frozen_by_name
class Named:
    """One whose fields have names only."""

    name: str
    tags: list[str] = made_by(factory=list)


@frozen_by_name
class Coloured(Named):
    """One with a field more."""

    colour: str = "red"


@dataclasses.dataclass(frozen=True)
class Model:
    """What a frozen class is measured by."""

    x: int
    y: int = 0


def test_it_is_made_shown_compared_and_hashed_as_a_dataclass_is() -> None:
    assert repr(Point(1)) == repr(Model(1)).replace("Model", "Point")
    assert Point(1) == Point(1, 0) == Point(y=0, x=1) != Point(1, 2)
    assert len({Point(1), Point(1, 0), Point(2)}) == len({Model(1), Model(1, 0), Model(2)})
    assert Point(1) != Model(1)  # type: ignore[comparison-overlap]
    match Point(3, 4):
        case Point(x, y):
            assert (x, y) == (3, 4)


def test_objects_of_other_classes_with_the_same_values_are_not_equal() -> None:
    assert Named(name="a") != Coloured(name="a")
    assert Coloured(name="a") == Coloured(name="a", colour="red") != Coloured(name="a", colour="blue")


def test_a_default_that_is_made_is_made_for_each_object() -> None:
    first, second = Named(name="a"), Named(name="a")
    assert first == second
    assert first.tags is not second.tags


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Point, "Point needs x="),
        (lambda: Point(1, 2, 3), "takes 2 values"),  # type: ignore[call-arg]
        (lambda: Point(1, x=2), "given x twice"),  # type: ignore[misc]
        (lambda: Point(1, z=2), "Point has no z"),  # type: ignore[call-arg]
        (lambda: Named("a"), "takes 0 values"),  # type: ignore[call-arg]
        (lambda: Coloured(colour="red"), "Coloured needs name="),  # type: ignore[call-arg]
    ],
)
def test_a_call_that_does_not_fit_says_why(wrong: object, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        wrong()  # type: ignore[operator]


def test_a_check_of_its_own_refuses() -> None:
    with pytest.raises(ValueError, match="negative"):
        Point(-1)


def test_nothing_of_it_can_be_set_or_deleted() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.other = 2  # type: ignore[attr-defined]
    assert point == Point(1)


def test_the_functions_of_dataclasses_know_it() -> None:
    assert all(map(dataclasses.is_dataclass, (Point, Point(1), Coloured)))
    assert [each.name for each in dataclasses.fields(Coloured)] == ["name", "tags", "colour"]
    assert [each.name for each in dataclasses.fields(Named)] == ["name", "tags"]
    assert dataclasses.asdict(Coloured(name="a", tags=["t"])) == {"name": "a", "tags": ["t"], "colour": "red"}
    assert dataclasses.replace(Point(1, 2), x=3) == Point(3, 2)


def test_it_can_be_copied_and_sent() -> None:
    assert copy.copy(Point(1, 2)) == copy.deepcopy(Point(1, 2)) == pickle.loads(pickle.dumps(Point(1, 2)))  # noqa: S301
