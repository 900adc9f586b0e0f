"""A test run of somebody else: a rig with one store, until its input ends. ``python one_server.py STORE RUNTIME``."""

from __future__ import annotations

import json
import sys

from stores import store_service

from metricrig import Rig

with Rig("neighbour", runtime=sys.argv[2]) as rig:
    store = rig.add(store_service(sys.argv[1]))
    rig.start()
    facts = {"url": store.url, "pid": store.pid, "directory": str(rig.directory)}
    print(json.dumps(facts), flush=True)
    sys.stdin.read()
