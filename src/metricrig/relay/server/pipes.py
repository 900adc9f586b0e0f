"""Pipes through which bytes are spliced: each is borrowed for as long as it has bytes in it, and no longer.

A pipe for every direction would be 512 megabytes of pipes for five hundred connections, which the system does not give
an ordinary user; and at most times, nothing is on its way.
"""

from __future__ import annotations

import fcntl
import os

_WANTED_SIZE = 1 << 19
"""Bytes. On a busy machine 1.8 GB a second pass with this, and 1.5 with half or twice as much."""
_SET_SIZE = 1031  # F_SETPIPE_SZ, which Python's fcntl knows from 3.10 on where its headers did
_SPARE = 16
"""Empty ones that are kept."""


class Pipe:
    """One, empty unless it is lent."""

    __slots__ = ("inlet", "outlet")

    def __init__(self) -> None:
        self.outlet, self.inlet = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            fcntl.fcntl(self.inlet, _SET_SIZE, _WANTED_SIZE)
        except OSError:
            pass  # it is a small one: the user has many

    def close(self) -> None:
        """With whatever is in it."""
        os.close(self.inlet)
        os.close(self.outlet)


class Pipes:
    """Those that are not lent."""

    def __init__(self) -> None:
        self._spare: list[Pipe] = []

    def borrow(self) -> Pipe:
        """An empty one."""
        return self._spare.pop() if self._spare else Pipe()

    def give_back(self, pipe: Pipe) -> None:
        """An empty one."""
        if len(self._spare) < _SPARE:
            self._spare.append(pipe)
        else:
            pipe.close()
