"""Fuzz the readers of foreign data: ``python -m fuzz SECONDS [TARGET…]``.

The time is divided among the targets. An input that shows a defect is written into the corpus, where the suite finds it
from then on, and the run ends with an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator

from fuzz.mutation import mutated
from fuzz.readers import scratch
from fuzz.targets import CORPUS, TARGETS, Target

INPUT_TIMEOUT = 20
"""Seconds that one input may take on a machine however busy; none takes one on a quiet one."""
_MEMORY = 2 << 30
_MOST_DEFECTS = 5


class TooLong(BaseException):
    """An input that takes too long is a defect, and no reader may catch this."""


def main(words: list[str]) -> int:
    """The status: 1 if there is a defect."""
    seconds, names = float(words[0]), words[1:]
    chosen = [each for each in TARGETS if not names or each.name in names]
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGALRM, _too_long)
    seed = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(1 << 32))
    sys.stdout.write(f"fuzzing {len(chosen)} targets for {seconds:g} s, seed {seed}\n")
    try:
        defects = [_fuzz(each, seconds / len(chosen), random.Random(seed)) for each in chosen]
        return int(any(defects))
    finally:
        shutil.rmtree(scratch(), ignore_errors=True)


def _fuzz(target: Target, seconds: float, chance: random.Random) -> bool:
    """Whether there is a defect."""
    inputs, tries, defects = target.inputs(), 0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end and defects < _MOST_DEFECTS:
        data = mutated(inputs, chance)
        tries += 1
        try:
            with _limited():
                target.try_one(data)
        except (Exception, TooLong):  # noqa: BLE001 - whatever it is, it is what we look for
            defects += 1
            _keep(target, data)
    sys.stdout.write(f"{target.name}: {tries} inputs, {defects} defects\n")
    sys.stdout.flush()
    return defects > 0


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    signal.alarm(INPUT_TIMEOUT)
    try:
        yield
    finally:
        signal.alarm(0)


def _too_long(*_: object) -> None:
    raise TooLong(f"it took more than {INPUT_TIMEOUT} s")


def _keep(target: Target, data: bytes) -> None:
    path = CORPUS / target.name / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    sys.stdout.write(f"{target.name}: a defect, kept as {path}\n{traceback.format_exc()}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
