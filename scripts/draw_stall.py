"""Draws ``docs/stall.svg``: one stall of a server, as an open and as a closed loop see it. Both are real runs.

It also says how far the reported figures are from those that follow from the stall itself.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig import load
from metricrig.load.requests.request_call import request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.load.run import Run

RATE, SECONDS = 100, 10
SERVER = """
import asyncio, sys, time

first = None

class Shop(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        global first
        first = first or time.monotonic()
        self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok" * data.count(b"GET /"))

async def main():
    server = await asyncio.get_running_loop().create_server(Shop, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while first is None:
        await asyncio.sleep(0.001)
    await asyncio.sleep(first + 4 - time.monotonic())
    began = time.monotonic()
    time.sleep(1)
    print(began, time.monotonic(), flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""
_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 330, 200, 50, 40, 60
"""Pixels of a diagram, of what is beside and above it, and between the two."""
_HIGHEST = 1.1
"""Seconds at the top of a diagram."""


def measured(*, closed: bool) -> tuple[Run, float, float]:
    """A run on a server that stalls for a second, and when that was."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - for mypy
        try:
            call = request(f"http://127.0.0.1:{int(server.stdout.readline())}", "GET /")
            if closed:
                run = load.closed_loop(call, users=1, think=1 / RATE, for_=SECONDS)
            else:
                run = load.open_loop(call, rate=RATE, for_=SECONDS)
            began, ended = map(float, server.stdout.readline().split())
        finally:
            server.kill()
    return run, began, ended


def figures(run: Run, began: float, ended: float) -> str:
    """What is reported, and what follows from the stall: whoever was due in it has waited for its end."""
    due = [run.began + number / RATE for number in range(RATE * SECONDS)]
    waits = sorted(ended - each if began <= each < ended else 0.0 for each in due)
    p99, longest = waits[round(0.99 * len(waits)) - 1], waits[-1]
    return (
        f"p99 {run.measured.p99:.4f} s, computed {p99:.4f} s; max {run.measured.max:.4f} s, computed {longest:.4f} s;"
        f" lag p99 {run.generator.lag_p99 * 1000:.2f} ms, {'valid' if run.valid else run.reasons}"
    )


def diagram(run: Run, title: str, left: int) -> Iterator[str]:
    """A dot for each call, over when it was due."""
    bottom, slow = _TOP + _HEIGHT, sum(each > 0.1 for each in run.data.recorder.calls.waits)  # noqa: PLR2004 - a tenth
    yield f'<text x="{left}" y="{_TOP - 20}" font-weight="bold">{title}</text>'
    said = f"{run.measured.calls} calls, {slow} over 100 ms, p99 {run.measured.p99 * 1000:.0f} ms"
    yield f'<text x="{left}" y="{_TOP - 4}">{said}</text>'
    yield f'<path d="M{left} {_TOP}V{bottom}H{left + _WIDTH}" fill="none" stroke="#888"/>'
    for second in range(0, SECONDS + 1, 2):
        x = left + second * _WIDTH / SECONDS
        yield f'<text x="{x:.0f}" y="{bottom + 16}" text-anchor="middle">{second} s</text>'
    for tenths in (0, 5, 10):
        y = bottom - tenths / 10 * _HEIGHT / _HIGHEST
        yield f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{tenths / 10:g} s</text>'
    dots = (
        f"M{left + (due - run.began) * _WIDTH / SECONDS:.1f} {bottom - (ended - due) * _HEIGHT / _HIGHEST:.1f}h0"
        for due, _, ended, *_ in run.data.recorder.calls
    )
    yield f'<path d="{"".join(dots)}" stroke="#4c78a8" stroke-width="3" stroke-linecap="round"/>'


def main() -> None:
    """Measure, draw, and say how far off it was."""
    stalled, began, ended = measured(closed=False)
    sys.stdout.write(f"open loop: {figures(stalled, began, ended)}\n")
    hidden, *_ = measured(closed=True)
    sys.stdout.write(f"closed loop: {hidden}\n")
    right = _LEFT + _WIDTH + _GAP
    size = f"{right + _WIDTH + 20} {_TOP + _HEIGHT + 30}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        *diagram(stalled, f"Open loop: a call is due every {1000 // RATE} ms", _LEFT),
        *diagram(hidden, "Closed loop: one user, who waits for each answer", right),
        "</svg>",
    ]
    Path(__file__).parent.with_name("docs").joinpath("stall.svg").write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
