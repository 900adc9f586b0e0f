"""A test process for the kill storm in whose rigs everything is broken: links, services, disks, limits.

``python faulty_victim.py``; says each stage before it begins: boot, start, inflict, use, heal, close, and its pid with
"janitor". In "use" all is in force; what this machine cannot do is left out, and said with "without".
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

sys.stdout.write("boot\n")
sys.stdout.flush()

from metricrig import Limits, Rig, Service, Unavailable  # noqa: E402 - the boot is a stage too
from metricrig.janitor.client import janitor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.faults.fault import Fault

SERVER = "import http.server as h; h.HTTPServer(('{host}', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
LONGEST_DELAY = 0.1
"""Seconds after which a kill comes at the latest when a stage has begun."""
FIRST_JANITOR = janitor().pid


def say(*words: object) -> None:
    """A line for whoever is going to kill us."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def server(name: str, *, limits: Limits | None = None) -> Service:
    """One that all faults can be done to."""
    return Service(name=name, command=[sys.executable, "-c", SERVER], ports={"http": 0}, limits=limits or Limits())


def fill(rig: Rig) -> list[Callable[[], Fault]]:
    """Services and links, and a fault for each of them."""
    plain = [rig.add(server(f"plain-{number}")) for number in range(5)]
    faults: list[Callable[[], Fault]] = [
        plain[0].paused,
        plain[1].killed,
        partial(plain[2].little_cpu, 0.5),
        partial(plain[3].no_open_files),
        plain[4].little_memory,
    ]
    with suppress(Unavailable):
        faults.append(rig.add(server("on-disk", limits=Limits(disk="1MB"))).disk_full)
    datagrams = rig.link(plain[0], name="datagrams", udp=True)
    assert rig.links.api
    links = [rig.link(plain[0], name=f"link-{number}") for number in range(9)]
    return [
        *faults,
        links[0].cut,
        links[1].refuse,
        links[2].stall,
        links[3].half_open,
        partial(links[4].slow, latency=0.01, rate=1 << 20),
        partial(links[5].limit, bytes=1000),
        partial(links[6].reset_after, seconds=1000),
        partial(links[7].split, bytes=10),
        links[8].corrupt,
        datagrams.drop,
    ]


def live(name: str) -> None:
    """One life of a rig."""
    with Rig(name) as rig, ExitStack() as in_force:
        if janitor().pid != FIRST_JANITOR:
            sys.exit("the janitor is another one")  # killed at a moment at which nobody needed it
        say("janitor", FIRST_JANITOR)
        faults = fill(rig)
        say("start")
        rig.start()
        say("inflict")
        for each in faults:
            try:
                in_force.enter_context(each())
            except Unavailable as error:
                say("without", error.what)
        say("use")
        time.sleep(LONGEST_DELAY)  # hit at any moment of it, all is in force
        say("heal")
        in_force.close()
        say("close")


if __name__ == "__main__":
    while True:
        live("faulty")
