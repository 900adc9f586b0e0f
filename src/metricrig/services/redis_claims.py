"""Databases of a Redis that somebody else runs: only empty ones are taken, and claimed on the server itself.

A claim is a connection with a name that all clients of the server can see, those of other machines too, and that ends
with its process. What a killed process has left in its database is nobody's: it is not empty, and not taken again.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError, UsageError
from metricrig.services.resp_protocol import Conversation, RedisRefusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig._core.sockets import Address

_NAME = "metricrig-database-"
_SCANS = 5
"""Tries: two that look at the same moment may both release the last one that is free."""
_LONGEST_PAUSE = 0.05
"""Seconds between two looks at all databases."""


class Claim:
    """One database that was empty, and that no other process of ours takes while this connection stands."""

    def __init__(self, number: int, conversation: Conversation) -> None:
        self.number = number
        self.conversation = conversation

    def holds(self) -> bool:
        """Whether it is ours alone, and empty."""
        # The name comes first: of two who do this at once, at least one sees the other, and whoever does lets go.
        name = f"{_NAME}{self.number}"
        _, clients, size = self.conversation.ask(("CLIENT", "SETNAME", name), ("CLIENT", "LIST"), ("DBSIZE",))
        return str(clients).split().count(f"name={name}") == 1 and size == 0


class Claims:
    """Those of one process. One that is given back is emptied, and stays claimed for the next taker."""

    def __init__(self, who: str, address: Address, greeting: Sequence[Sequence[str]]) -> None:
        self._who = who
        self._address = address
        self._greeting = greeting
        self._idle: list[Claim] = []
        self._lock = threading.Lock()

    def take(self) -> Claim:
        """An empty database from 1 on."""
        with self._lock:
            while self._idle:
                idle = self._idle.pop()
                with suppress(MetricrigError):  # its connection has ended since: somebody else may have claimed it
                    if self._holds(idle):
                        return idle
            for _ in range(_SCANS):
                if (found := self._scan()) is not None:
                    return found
                time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - only to be out of step with others
        raise UsageError(
            f"{self._who}: none of its databases from 1 on is empty and free; it is somebody else's server, so one that"
            " holds anything is left alone\n"
            "  what to do: close handles that are done with; or empty one that is nobody's: redis-cli -n 5 FLUSHDB"
        )

    def _scan(self) -> Claim | None:
        """The first of all that can be had; None if none can just now."""
        number = 1
        while (claim := self._select(number)) is not None:
            if self._holds(claim):
                return claim
            number += 1
        return None

    def give_back(self, claim: Claim) -> None:
        """Empty it: whatever is in it was written since it was taken."""
        try:
            claim.conversation.ask(("FLUSHDB",))
        except BaseException:
            claim.conversation.close()
            raise
        with self._lock:
            self._idle.append(claim)

    def release(self) -> None:
        """Let others have those that are not in use."""
        with self._lock:
            for claim in self._idle:
                claim.conversation.close()
            self._idle.clear()

    def _holds(self, claim: Claim) -> bool:
        held = False
        try:
            held = claim.holds()
        finally:
            if not held:
                claim.conversation.close()
        return held

    def _select(self, number: int) -> Claim | None:
        """A connection to this database; None if the server has no such one."""
        conversation = Conversation(self._who, self._address)
        try:
            conversation.ask(*self._greeting, ("PING",))
            conversation.ask(("SELECT", str(number)))
        except RedisRefusal as error:
            conversation.close()
            if "DB index" in str(error):
                return None
            raise
        except BaseException:
            conversation.close()
            raise
        return Claim(number, conversation)
