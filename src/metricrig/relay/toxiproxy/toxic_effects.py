"""What a toxic is to the relay: effects, which have a name in common."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from metricrig.relay.effects import Delay, Quota, Rate, Reset, Slicing, SlowClose, Swallow
from metricrig.relay.policy import DOWN, UP
from metricrig.relay.toxiproxy.toxic import UPSTREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from metricrig.relay.effects import Effect
    from metricrig.relay.toxiproxy.toxic import Toxic

    Effects = tuple[Effect, ...]

_BYTES_IN_A_KILOBYTE = 1000
_COUNTED_ANEW = frozenset({"reset_peer", "timeout"})
_NEVER = 1e-9
"""Bytes a second of a rate of 0: none passes in a lifetime, and connections are opened and closed all the same."""
_MILLI, _MICRO = 1e-3, 1e-6


def name_of_effects(toxic: Toxic) -> str:
    """Effects of a rig's own faults have other names: neither takes away what the other has put.

    An effect of the same name goes on counting; what is to count anew when it is changed gets another one.
    """
    counted_anew = f" {dict(toxic.attributes)}" if toxic.type in _COUNTED_ANEW else ""
    return f"toxic {toxic.name}{counted_anew}"


def place_of(toxic: Toxic) -> str:
    """The direction, in the relay's words."""
    return UP if toxic.direction == UPSTREAM else DOWN


def effects_of(toxic: Toxic, proxy: str) -> tuple[Effect, ...]:
    """Those of a toxic; none, if it does nothing.

    Which connections are its share follows from the names: it is the same at every run, and toxics draw apart.
    """
    seed = zlib.crc32(f"{proxy}\n{toxic.name}".encode("utf-8", "replace"))
    make = _EFFECTS[toxic.type]
    return make(dict(toxic.attributes), name=name_of_effects(toxic), share=toxic.toxicity, seed=seed)


def _latency(told: Mapping[str, int], **common: Any) -> Effects:
    return (Delay(latency=told["latency"] * _MILLI, jitter=max(told["jitter"], 0) * _MILLI, **common),)


def _bandwidth(told: Mapping[str, int], **common: Any) -> Effects:
    return (Rate(bytes_per_second=max(told["rate"] * _BYTES_IN_A_KILOBYTE, _NEVER), **common),)


def _slow_close(told: Mapping[str, int], **common: Any) -> Effects:
    return (SlowClose(seconds=max(told["delay"], 0) * _MILLI, **common),)


def _timeout(told: Mapping[str, int], **common: Any) -> Effects:
    after = told["timeout"] * _MILLI if told["timeout"] > 0 else None
    return (Swallow(close_after=after, from_last_byte=True, close_all=True, ends_pass=True, **common),)


def _reset_peer(told: Mapping[str, int], **common: Any) -> Effects:
    reset = Reset(after_seconds=max(told["timeout"], 0) * _MILLI, from_first_byte=True, **common)
    return (Swallow(**common), reset)


def _slicer(told: Mapping[str, int], **common: Any) -> Effects:
    size, variation = max(told["average_size"], 1), max(told["size_variation"], 0)
    pause = max(told["delay"], 0) * _MICRO
    return (Slicing(size=size, variation=variation, pause=pause, **common),)


def _limit_data(told: Mapping[str, int], **common: Any) -> Effects:
    return (Quota(limit=max(told["bytes"], 0), **common),)


def _noop(_: Mapping[str, int], **common: Any) -> Effects:  # noqa: ARG001 - as the others
    return ()


_EFFECTS: Mapping[str, Callable[..., Effects]] = {
    "bandwidth": _bandwidth,
    "latency": _latency,
    "limit_data": _limit_data,
    "noop": _noop,
    "reset_peer": _reset_peer,
    "slicer": _slicer,
    "slow_close": _slow_close,
    "timeout": _timeout,
}
