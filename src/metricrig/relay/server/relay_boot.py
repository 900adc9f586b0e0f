"""Runs a relay, with an import path of the library and nothing else: ``python -I -S relay_boot.py CONTROL``.

``CONTROL`` is the path of the socket on which it takes orders, in the directory in which it runs.
"""

import sys

sys.path.insert(0, __file__.rpartition("/metricrig/")[0])

from metricrig.relay.server.orders import serve

serve(sys.argv[1])
