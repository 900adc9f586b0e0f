"""An open loop that Vegeta drives: one request at a constant rate, in a process of its own and on all processors."""

from __future__ import annotations

import base64
import csv
import json
import re
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import Unavailable
from metricrig.janitor.work import work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from metricrig.janitor.work import Job, Work
    from metricrig.load.generator_pulse import GeneratorPulse
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.requests.request_call import RequestCall
    from metricrig.load.run_stop import RunStop
    from metricrig.tools import Executable

_NANO = 1e-9
_LOOK_SECONDS = 0.02
"""How often it is looked whether it is to be interrupted."""
_SPARE_SECONDS = 120.0
"""For it to start, to end and to write its results, on a machine however busy."""
_OWN_SIDE = re.compile(r'^\w+ "[^"]*": |(?:\d+(?:\.\d+){3}|\[[^\]]*\]):\d+->')
"""What Go says of a request besides what went wrong: the request again, and our own port, which differs each time."""


@dataclass(frozen=True, slots=True)
class VegetaOrder:
    """What it is to do."""

    program: Executable
    call: RequestCall
    rate: float
    seconds: float


class VegetaAttack:
    """One run of it. It has workers as it needs them, so they are never all busy."""

    all_busy = False

    def __init__(self, order: VegetaOrder, recorder: CallRecorder, stop: RunStop) -> None:
        self.began = 0.0
        self._order, self._recorder, self._stop = order, recorder, stop

    def run(self, _: GeneratorPulse) -> None:
        """Returns when it has ended; its requests are recorded then. Nothing of this process is in their way."""
        directory = Path(tempfile.gettempdir()) / f"metricrig-load-{secrets.token_hex(4)}"
        with work(directory) as place:
            (directory / "target").write_text(f"{json.dumps(self._target)}\n", encoding="utf-8")
            self.began, wall = time.monotonic(), time.time() - time.monotonic()
            self._attack(place)
            self._record(place, wall)

    @property
    def _target(self) -> dict[str, object]:
        request = self._order.call.request
        target: dict[str, object] = {"method": request.method, "url": self._order.call.url}
        if request.headers:
            target["header"] = {name: [value] for name, value in request.headers.items()}
        if request.body:
            target["body"] = base64.b64encode(request.body).decode()
        return target

    def _attack(self, place: Work) -> None:
        order = self._order
        options = [
            *("-targets", "target", "-format", "json", "-output", "results"),
            *("-rate", f"{round(order.rate * 1000)}/1000s", "-duration", f"{order.seconds:.6f}s"),
            *("-timeout", f"{order.call.timeout:.6f}s", "-redirects", "-1", "-max-body", "0"),
            *(("-root-certs", order.call.trust) if order.call.trust else ()),
        ]
        latest = Deadline.exactly(order.seconds + order.call.timeout + _SPARE_SECONDS)
        with self._running(place, "attack", *options) as job:
            while not job.ended(_LOOK_SECONDS) and not latest.expired:
                if self._stop.at_once:
                    job.interrupt()  # the first ends its schedule, the second itself
            _require_success(job)

    def _record(self, place: Work, wall: float) -> None:
        """A request was due by its number. The one that was latest by least was on time: Vegeta does not say more."""
        with self._running(place, "encode", "-to", "csv", "-output", "calls.csv", "results") as job:
            job.ended(_SPARE_SECONDS)
            _require_success(job)
        rows, rate = list(_rows(place.directory / "calls.csv")), self._order.rate
        if rows:
            self.began = min(at - number / rate for number, at, _, _ in rows) - wall
        for number, at, took, error in rows:
            self._recorder.take(self.began + number / rate, at - wall, at - wall + took, error)

    def _running(self, place: Work, *words: str) -> AbstractContextManager[Job]:
        return place.running([str(self._order.program.path), *words], cwd=place.directory, env={})


def _require_success(job: Job) -> None:
    if job.status != 0:
        said = (job.refused or job.err or job.out).strip() or "it did not end"
        raise Unavailable("vegeta", reason=said, remedy='driver="python" needs no other program')


def _rows(path: Path) -> Iterator[tuple[int, float, float, str]]:
    """Of each request: its number, when it began, how long it took, and what went wrong, in words."""
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            at, _, took, _, _, error, _, _, number, *_ = row
            yield int(number), int(at) * _NANO, int(took) * _NANO, _OWN_SIDE.sub("", error)
