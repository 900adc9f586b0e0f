"""Effects: what can be done to the connections, bytes and datagrams of a route. Frozen data; policies are made of them.

Those of one direction work together, whatever their order: delays add up, the lowest rate counts, the smallest pieces,
the first end. Each concerns all connections or a share of them, which its seed and a connection's number decide.
"""

from __future__ import annotations

from metricrig._core.frozen_class import frozen_by_name
from metricrig.relay.chance import chance, mixed

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from typing import Any


@frozen_by_name
class Effect:
    """One of them; several may have a name in common. What has the name and kind of one before counts on from there."""

    name: str
    share: float = 1.0
    """Of the connections; for datagrams, of those."""
    seed: int = 0

    def __post_init__(self) -> None:
        for field, value in vars(self).items():
            if field != "name" and not (value is None or isinstance(value, int | float)):
                raise ValueError(f"{type(self).__name__}: {field} is a number, not {value!r}")

    def concerns(self, number: int) -> bool:
        """Whether a connection of this number is among its share."""
        return self.share >= 1 or chance(self.seed, number) < self.share

    def as_data(self) -> dict[str, Any]:
        """For a message."""
        return {"kind": type(self).__name__, **vars(self)}


@frozen_by_name
class ShutDoor(Effect):
    """New connections are refused; with a share below 1, or on a port that stays open, accepted and reset at once."""

    reset_open: bool = False
    """Those that are open are reset as well: a cut."""


@frozen_by_name
class Hold(Effect):
    """Nothing passes, and nothing is lost: what was held passes in order when this is over. New connections wait."""


@frozen_by_name
class Swallow(Effect):
    """What is sent vanishes, ends included. When this is over, a connection with a hole in it is ended, not resumed."""

    ends_pass: bool = False
    """Ends do not vanish."""
    close_after: float | None = None
    """Seconds after which the connection is closed; None for never."""
    from_last_byte: bool = False
    """The seconds count anew from each byte that vanishes."""
    close_all: bool = False
    """When this is over, every connection that it concerned is closed, even if it has lost nothing."""


@frozen_by_name
class Delay(Effect):
    """Everything takes longer, ends included; nothing overtakes anything. For datagrams: what is later may be first."""

    latency: float
    jitter: float = 0.0
    """Seconds, up to which it is more or less than that."""

    def of(self, number: int, count: int) -> float:
        """Of the count-th arrival on the connection of this number."""
        if not self.jitter:
            return self.latency
        return max(0.0, self.latency + self.jitter * (2 * chance(self.seed, number, count) - 1))


@frozen_by_name
class Rate(Effect):
    """So many bytes a second pass, and no more."""

    bytes_per_second: float


@frozen_by_name
class SlowClose(Effect):
    """The end of a connection comes so many seconds late."""

    seconds: float


@frozen_by_name
class Slicing(Effect):
    """What passes goes in pieces of this size, give or take the variation, with a pause after each."""

    size: int
    variation: int = 0
    pause: float = 0.0
    """Seconds."""


@frozen_by_name
class Quota(Effect):
    """When so many bytes have passed, the connection is closed."""

    limit: int


@frozen_by_name
class Reset(Effect):
    """The connection is reset after so many bytes, or so many seconds."""

    after_bytes: int | None = None
    after_seconds: float | None = None
    """Since the connection was opened, or this effect began, whichever is later."""
    from_first_byte: bool = False
    """The seconds count from the first byte that comes afterwards, or from the end."""


@frozen_by_name
class Corruption(Effect):
    """One byte in each so many is another one: which, the seed and the number of the connection decide."""

    one_in: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.one_in < 1:
            raise ValueError(f"one byte in {self.one_in} cannot be another one")

    def altered(self, data: bytes, number: int, passed: int) -> bytes:
        """What the bytes become that come after so many others of the connection of this number."""
        changed = bytearray(data)
        for block in range(passed // self.one_in, (passed + len(data) - 1) // self.one_in + 1):
            drawn = mixed(self.seed, number, block)
            place = block * self.one_in + drawn % self.one_in - passed
            if 0 <= place < len(data):
                changed[place] ^= 1 + (drawn >> 32) % 255
        return bytes(changed)


@frozen_by_name
class Loss(Effect):
    """Of datagrams, a share is dropped."""


@frozen_by_name
class Duplication(Effect):
    """Of datagrams, a share comes twice."""


@frozen_by_name
class Reordering(Effect):
    """Of datagrams, a share comes after the one that was sent after it; alone, after this many seconds."""

    at_most: float = 0.2


OF_STREAMS = (Hold, Swallow, Delay, Rate, SlowClose, Slicing, Quota, Reset, Corruption)
OF_DATAGRAMS = (Hold, Delay, Loss, Duplication, Reordering)
KINDS = {kind.__name__: kind for kind in {ShutDoor, *OF_STREAMS, *OF_DATAGRAMS}}


def effect_of(data: dict[str, Any]) -> Effect:
    """The effect that a message speaks of; ``ValueError`` says what is wrong with it."""
    fields = dict(data)
    kind: type[Effect] | None = KINDS.get(fields.pop("kind", None))
    if kind is None:
        raise ValueError(f"no effect is of the kind {data.get('kind')!r}; there is: {', '.join(sorted(KINDS))}")
    try:
        return kind(**fields)
    except TypeError as error:
        raise ValueError(str(error)) from None
