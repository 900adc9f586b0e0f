"""Runs a janitor, with an import path of the library and nothing else: ``python -I -S boot.py …``.

``DEATH OWNER_PID OWNER_START``, and ``SOCKET`` for one process or ``DIRECTORY MODE LINGER`` for several. ``DEATH`` is a
descriptor that becomes readable when the owner dies, opened before this process existed; -1 where there is none.
"""

import sys

sys.path.insert(0, __file__.rpartition("/metricrig/")[0])

from metricrig._core.process_id import ProcessId
from metricrig.janitor.server import loop

death, pid, start, *rest = sys.argv[1:]
owner = ProcessId(int(pid), int(start)) if int(pid) else None
if len(rest) == 1:
    loop.main(int(death), owner, control=int(rest[0]))
else:
    directory, mode, linger = rest
    sys.exit(loop.main_shared(int(death), owner, directory, int(mode), float(linger)))
