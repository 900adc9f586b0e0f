"""Runs a janitor, with an import path of the library and nothing else: ``python -I -S boot.py …``.

``OWNER_PID SOCKET`` for one process, ``DIRECTORY MODE OWNER_PID OWNER_START LINGER`` for several.
"""

import sys

sys.path.insert(0, __file__.rpartition("/metricrig/")[0])

from metricrig._core.processes import ProcessId
from metricrig.janitor import program

if len(sys.argv) == 3:  # noqa: PLR2004 - see above
    program.main(owner=int(sys.argv[1]), control=int(sys.argv[2]))
else:
    directory, mode, pid, start, linger = sys.argv[1:]
    owner = ProcessId(int(pid), int(start)) if int(pid) else None
    sys.exit(program.main_shared(directory, int(mode), owner, float(linger)))
