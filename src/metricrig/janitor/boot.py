"""Runs the janitor: ``python -I -S boot.py OWNER_PID SOCKET``, with an import path of the library and nothing else."""

import sys

sys.path.insert(0, __file__.rpartition("/metricrig/")[0])

from metricrig.janitor.program import main

main(owner=int(sys.argv[1]), control=int(sys.argv[2]))
