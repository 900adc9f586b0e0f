"""The instances of one rig: each has a name of its own, and may need others, of this rig or of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from metricrig._core.errors import UsageError
from metricrig.instance import Instance, instance_of
from metricrig.lifecycle import start_order
from metricrig.lifecycle.instance_state import RUNNING
from metricrig.service import needed_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.service import Service


class PartOfServer(Protocol):
    """A test's own part of a server, such as a database of it, as ``isolated()`` hands it out."""

    @property
    def server(self) -> Instance:
        """The whole server."""

    def own_url(self, url: str) -> str:
        """The URL of this part, where the server's is this."""


class RigInstances:
    """Instances by their names, in the order in which they were added, with the state of each."""

    def __init__(self) -> None:
        self.states: dict[str, InstanceState] = {}
        self._instances: dict[str, Instance] = {}

    def add(self, state: InstanceState, instance: Instance | None = None) -> Instance:
        """Take in one whose name is free."""
        instance = instance or instance_of(state)
        self.states[state.name], self._instances[state.name] = state, instance
        return instance

    def named(self, service: Service, name: str | None) -> Service:
        """The service under the name that it has here, which no other has."""
        service = service if name is None else service.but(name=name)
        if service.name in self.states:
            raise UsageError(
                f"this rig has a {service.name!r} already\n"
                f"  give the second one a name of its own: rig.add(..., name={service.name + '-2'!r})",
            )
        return service

    def __getitem__(self, name: str) -> Instance:
        try:
            return self._instances[name]
        except (KeyError, TypeError):
            hint = start_order.did_you_mean(str(name), self._instances)
            raise UsageError(f"this rig has no {name!r}{hint}") from None

    def __iter__(self) -> Iterator[Instance]:
        return iter(list(self._instances.values()))

    def __len__(self) -> int:
        return len(self._instances)

    def __contains__(self, name: object) -> bool:
        return name in list(self._instances)

    def with_states(self) -> list[tuple[InstanceState, Instance]]:
        """Each with what is known of it inside."""
        return [(state, self._instances[name]) for name, state in list(self.states.items())]

    def state_of(self, instance: Instance | PartOfServer | str) -> InstanceState:
        """Of an instance, perhaps of another rig, of what it is a part of, or of the name of one of this rig."""
        if isinstance(instance, str):
            return self[instance]._state  # noqa: SLF001 - of the same room
        instance = getattr(instance, "server", instance)
        if not isinstance(instance, Instance):
            raise UsageError(f"rig.link takes an instance, or the name of one, not {instance!r}: rig.link(redis)")
        return instance._state  # noqa: SLF001 - of the same room

    def running(self, names: Collection[str]) -> list[str]:
        """Those of the names whose instances run."""
        return [name for name in names if self.states[name].runs]

    def require_own(self, instances: Sequence[Any]) -> None:
        """Refuse to start what is not an instance, or not one of this rig: it would be left out without a word."""
        for each in instances:
            if not isinstance(each, Instance):
                right = f"rig.start(rig[{each!r}])" if isinstance(each, str) else "rig.start(redis, shop)"
                raise UsageError(
                    f"rig.start takes instances, not {each!r}\n  what works: {right}, or rig.start() for all"
                )
            if self._is_foreign(each):
                raise UsageError(f"rig.start: {each!r} is of the rig {each.rig}; start it there: {each.name}.start()")

    def needs(self) -> dict[str, tuple[str, ...]]:
        """Who needs whom in this rig, by name."""
        needs = {}
        for name, state in self.states.items():
            own = [each for each in state.service.needs if not self._is_foreign(each)]
            needs[name] = tuple(needed_name(each) for each in own)
        return needs

    def require_foreign_needs(self) -> None:
        """What belongs to another rig, such as a server that a whole test session shares, is not ours to start."""
        for state in self.states.values():
            for need in state.service.needs:
                other = _state_behind(need)
                if other is not None and self._is_foreign(need) and other.phase not in RUNNING:
                    raise UsageError(
                        f"{state.name} needs {other.name} of another rig, which is {other.phase}: start it first"
                    )

    def _is_foreign(self, need: object) -> bool:
        state = _state_behind(need)
        return state is not None and self.states.get(state.name) is not state


def _state_behind(need: object) -> InstanceState | None:
    """Of an instance, or of the one that a link leads to; None for a name."""
    if isinstance(need, Instance):
        return need._state  # noqa: SLF001 - of the same room
    state: InstanceState | None = getattr(need, "state_behind", None)
    return state
