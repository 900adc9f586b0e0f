"""A clock of its own for a service: a library, loaded into it, that tells it the time of day that a test has set.

The library is shifted_time.c, built by the machine's own C compiler. libfaketime does the like; but its release 0.9.10,
which distributions ship, has ``time.sleep`` of Python 3.11 fail with EINVAL when it changes the time of day alone, and
opens a file at each look at the clock, also in signal handlers.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable
from metricrig._core.frozen_class import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SOURCE = Path(__file__).with_name("shifted_time.c")
_COMPILERS = "cc", "gcc", "clang"
_NUMBER = struct.Struct("=q")
_SETTING = struct.Struct("=qqdqq")
"""What is real, and what is shown for it, in nanoseconds; the rate; how often it was told, and what at last."""
_TRUE = 0, 0, 1.0, 0, 0
_SETTINGS = 64
"""How many there are: one that is being read is overwritten after so many others only."""
_SIZE = _NUMBER.size + _SETTINGS * _SETTING.size
_NANO = 10**9


@frozen
class Told:
    """What a service was told of the time since the clock was set: how often, and what at last, in seconds."""

    times: int
    last: float


@frozen
class OwnClock:
    """``library`` is what the service loads, ``file`` what that reads: both in the rig's directory."""

    library: Path
    file: Path

    @classmethod
    def on(cls, service: str, stem: Path, owner: tuple[int, int] | None) -> OwnClock:
        """In files of this stem; those that are there already are of another process that shares the service."""
        clock = cls(stem.with_name(f"{stem.name}.clock.so"), stem.with_name(f"{stem.name}.clock"))
        if re.search(r"[\s:]", str(clock.library)):
            raise _none(service, f"nothing can be loaded from {stem.parent}", "a path without spaces and colons")
        if not clock.file.exists():
            _build(service, clock.library)
            clock.file.write_bytes(_NUMBER.pack(0) + _SETTING.pack(*_TRUE) + bytes(_SIZE - _place(1)))
            for each in (clock.library, clock.file):
                each.chmod(0o600)
                if owner is not None:
                    os.chown(each, *owner)
        return clock

    def environment(self, given: Mapping[str, str], *, beside: bool) -> dict[str, str]:
        """The environment of what has this clock; what is told to a command beside the service proves nothing."""
        libraries = ":".join(filter(None, [str(self.library), given.get("LD_PRELOAD", "")]))
        counted = {"METRICRIG_CLOCK_BESIDE": "1"} if beside else {}
        return {**given, "LD_PRELOAD": libraries, "METRICRIG_CLOCK": str(self.file), **counted}

    def set(self, *, offset: float = 0.0, rate: float = 1.0) -> None:
        """So many seconds ahead of the machine from now on, and so many times as fast."""
        with self._mapped() as page:
            (current,) = _NUMBER.unpack_from(page)
            now = time.time_ns()
            _SETTING.pack_into(page, _place(current + 1), now, now + int(offset * _NANO), rate, 0, 0)
            page.flush()  # all of it, before it is pointed to
            _NUMBER.pack_into(page, 0, current + 1)
            page.flush()

    @property
    def told(self) -> Told:
        """What it told since it was set."""
        with self._mapped() as page:
            (current,) = _NUMBER.unpack_from(page)
            *_, times, last = _SETTING.unpack_from(page, _place(current))
        return Told(times, last / _NANO)

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[mmap.mmap]:
        with self.file.open("r+b") as opened, mmap.mmap(opened.fileno(), _SIZE) as page:
            yield page


def _place(number: int) -> int:
    return _NUMBER.size + number % _SETTINGS * _SETTING.size


def _build(service: str, library: Path) -> None:
    """By the first compiler that is there; another process that builds it too is in nobody's way."""
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise _none(service, "this machine has no C compiler", "apt-get install gcc libc6-dev, or the like of it")
    built = library.with_name(f"{library.name}.{os.getpid()}")
    flags = ["-shared", "-fPIC", "-O2", "-fvisibility=hidden"]
    done = subprocess.run(
        [compiler, *flags, "-o", str(built), str(_SOURCE), "-ldl", "-lpthread"],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        said = next(iter(done.stderr.strip().splitlines()), f"status {done.returncode}")
        raise _none(service, f"{compiler} cannot build it: {said}", "a C compiler with its headers: gcc, libc6-dev")
    built.rename(library)


def _none(service: str, why: str, remedy: str) -> Unavailable:
    return Unavailable(f"a clock of its own for {service}", reason=why, remedy=f"{remedy}; or leave own_clock out")
