"""Start the application with a real VictoriaMetrics and two hours of sample data; look at it in a browser."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event
from urllib.parse import quote, urlencode

import sample

from metricrig import Rig, Service, ready
from metricrig.services import VictoriaMetrics

QUERY = """# Ctrl-Enter runs it. The header below says who you are: try another model, or another organization's bill.
query ($model: String!, $start: DateTime!, $end: DateTime!) {
  range_model_metrics(model_version_id: $model, start: $start, end: $end, step: 600) {
    times
    inference_volume_by_status { status values }
    response_time_percentiles { percentile values }
    average_response_time
    e2e_response_time_percentiles { percentile values }
    average_e2e_response_time
  }
  instant_model_metrics(model_version_id: $model, at: $end, window: 3600) {
    inference_volume_by_status { status value }
    response_time_percentiles { percentile value }
  }
  billing_metrics(org: "acme", start: $start, end: $end) {
    model_version_id instance_type requests tokens gpu_minutes
  }
}
"""


def main() -> None:
    """Run until Ctrl-C."""
    now, told = time.time() // 60 * 60, told_to_stop()
    with Rig("model-metrics") as rig:
        store = rig.add(VictoriaMetrics())
        app = rig.add(application(store.inside.url).but(needs=[store]))
        rig.start()
        samples = store.ingest(sample.timeline(now)).samples
        print(f"VictoriaMetrics with {samples} samples: {store.url}/vmui")
        print(f"\nGraphiQL, with a question of acme's and its answer:\n{address(app.url, now)}")
        print("\ntokens: " + ", ".join(sample.TOKENS.values()))
        print("Ctrl-C stops everything.", flush=True)
        app.wait(lambda _: told.is_set(), within=30 * 86_400)  # or it dies: that ends the wait, with its last words


def told_to_stop() -> Event:
    """Set by Ctrl-C: an exception could come at any moment, also at a bad one."""
    told = Event()
    signal.signal(signal.SIGINT, lambda *_: told.set())
    return told


def application(store_url: str, parameters: Mapping[str, str] | None = None) -> Service:
    """The application as a service of a rig."""
    return Service(
        name="api",
        command=[sys.executable, "-m", "model_metrics"],
        ports={"http": 8000},
        env={
            "STORE_URL": store_url,
            "STORE_PARAMETERS": urlencode(parameters or {}),
            "DIRECTORY": "{dir}/directory.json",
            "HOST": "{host}",
            "PORT": "{port}",
        },
        files={"directory.json": sample.directory().encode()},
        ready=ready.http("/healthz"),
    )


def address(url: str, now: float) -> str:
    """Where a browser finds GraphiQL with a question in it."""
    start, end = (datetime.fromtimestamp(each, UTC).isoformat() for each in (now - sample.HOURS * 3600, now))
    given = {
        "query": QUERY,
        "variables": json.dumps({"model": "llama-70b-v3", "start": start, "end": end}, indent=2),
        "headers": json.dumps({"Authorization": f"Bearer {sample.TOKENS['acme']}"}),
    }
    return f"{url}/graphql#{urlencode(given, quote_via=quote)}"


if __name__ == "__main__":
    main()
