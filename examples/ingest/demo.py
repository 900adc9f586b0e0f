"""Each store in its turn: started, written to by the command and by the API, asked, and gone."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent / "tests"))

from programs import api_service, post, run_ingest
from stores import STORES, Store, store_service

from metricrig import Rig, ToolUnavailable

STARTS = 7


def main() -> None:
    """One line for each store."""
    for wanted in STORES:
        try:
            print(f"{wanted:26} {shown(wanted)}")
        except ToolUnavailable as lacking:
            print(f"{wanted:26} cannot be had here: {lacking.remedy}")


def shown(wanted: str) -> str:
    """What happened, and how long its start took."""
    with Rig("demo") as rig:
        store = rig.add(store_service(wanted))
        assert isinstance(store, Store)
        api = rig.add(api_service(store))
        rig.start()
        said = run_ingest(store.url, "demo_orders", 100, "--label", "by=command").stdout.strip()
        status, answer = post(api, {"metric": "demo_orders", "value": 50, "labels": {"by": "api"}})
        store.flush()
        found = store.query("sum(demo_orders)").one().value
    starts = [started(wanted) * 1000 for _ in range(STARTS)]
    figures = f"healthy after {median(starts):.0f} ms (median of {STARTS}, {min(starts):.0f} to {max(starts):.0f})"
    return f"{said!r}, {status} {answer}, sum {found:g}; {figures}"


def started(wanted: str) -> float:
    """Seconds from the call until it answered."""
    with Rig("demo") as rig:
        store = rig.add(store_service(wanted))
        rig.start()
        assert store.ready_after is not None
        return store.ready_after


if __name__ == "__main__":
    main()
