"""VictoriaMetrics answers 204 to what it then drops or cuts: that is always an error here, and names what it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from support.versions import obtain_all

from metricrig import Rig
from metricrig.metrics.remote_write import Sender
from metricrig.metrics.remote_write.one_sample import one
from metricrig.metrics.store import SamplesLost, Unkeepable, VictoriaMetricsStore
from metricrig.metrics.store.limits import limits_of
from metricrig.metrics.timeline import Block
from metricrig.services import VictoriaMetrics, VictoriaMetricsInstance

MIDNIGHT = 1704067200
OLD, NEW = "<1.88", "1.128.0"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, VictoriaMetricsInstance]]:
    obtain_all(VictoriaMetrics(version=OLD), VictoriaMetrics(version=NEW))
    with Rig("losses") as rig:
        limited = VictoriaMetrics(version=NEW, args=["-storage.maxHourlySeries=50"])
        rig.add(VictoriaMetrics(version=OLD), name="old")
        rig.add(VictoriaMetrics(version=NEW), name="new")
        rig.add(limited, name="limited")
        rig.start()
        yield {each.name: each for each in rig if isinstance(each, VictoriaMetricsInstance)}


@pytest.fixture(params=["old", "new"])
def server(servers: dict[str, VictoriaMetricsInstance], request: pytest.FixtureRequest) -> VictoriaMetricsInstance:
    return servers[request.param]


def block(name: str, series: int = 1000, steps: int = 3) -> Block:
    labels = [{"__name__": name, "series": f"s{number:05}"} for number in range(series)]
    times = (np.arange(steps) * 10_000 + MIDNIGHT * 1000).astype(np.int64)
    return Block(labels, times, np.ones((series, steps)), np.ones((series, steps), dtype=bool))


def too_many_labels(bad: Block) -> None:
    bad.labels[500].update({f"label{number}": "x" for number in range(40)})  # type: ignore[attr-defined]


def too_long_value(bad: Block) -> None:
    bad.labels[500].update(long="x" * 16385)  # type: ignore[attr-defined]


def too_long_name(bad: Block) -> None:
    bad.labels[500].update({"n" * 257: "x"})  # type: ignore[attr-defined]


def too_much_together(bad: Block) -> None:
    bad.labels[500].update({f"label{number}": "x" * 4000 for number in range(17)})  # type: ignore[attr-defined]


def in_the_future(bad: Block) -> None:
    bad.present[:, 2] = False
    bad.times[2] = round((time.time() + 3 * 86400) * 1000)
    bad.present[500, :] = (False, False, True)


def before_1970(bad: Block) -> None:
    bad.present[:, 0] = False
    bad.times[0] = -1
    bad.present[500, :] = (True, False, False)


BAD: dict[Callable[[Block], None], tuple[str, int]] = {
    too_many_labels: ("has 43 labels", 3),
    too_long_value: ("the value of long has 16385 bytes", 3),
    too_long_name: ("name has 257 bytes", 3),
    too_much_together: ("all its labels have 68", 3),
    in_the_future: ("too far in the future", 1),
    before_1970: ("is older than 0.000", 1),
}


@pytest.mark.parametrize("spoil", BAD, ids=lambda each: each.__name__)
def test_one_bad_series_among_a_thousand_is_named(
    server: VictoriaMetricsInstance, spoil: Callable[[Block], None]
) -> None:
    store = server.isolated()
    bad = block("bad")
    spoil(bad)
    reason, samples = BAD[spoil]
    store.ingest(block("good"))
    with pytest.raises(Unkeepable, match=reason) as caught:
        store.ingest(bad)
    assert caught.value.series["series"] == "s00500"
    assert caught.value.samples == samples
    assert list(caught.value.reasons.values()) == [samples]
    store.settle()
    assert store.series("bad", start=0, end=MIDNIGHT + 100) == []


def test_what_is_not_present_is_not_refused(server: VictoriaMetricsInstance) -> None:
    fine = block("absent", 10)
    fine.labels[5].update(long="x" * 20000)  # type: ignore[attr-defined]
    fine.present[5] = False
    assert server.ingest(fine).samples == 27


def test_the_limits_themselves_are_kept(server: VictoriaMetricsInstance) -> None:
    """With the label of a view, which counts; and by the server's own settings."""
    limits = limits_of(server.metrics.page().text)
    store = server.isolated()
    most = {f"label{number}": "x" for number in range(limits.labels - 2)}
    store.write("most", 1, most, MIDNIGHT)
    store.write("most", 1, {"a": "é" * (limits.value_bytes // 2), "n" * limits.name_bytes: "x"}, MIDNIGHT)
    store.write("most", 1, {}, time.time() + 86400)
    assert len(store.series("most", start=MIDNIGHT, end=time.time() + 90000)) == 3
    with pytest.raises(Unkeepable, match=f"has {limits.labels + 1} labels"):
        store.write("most", 1, {**most, "more": "x"}, MIDNIGHT)
    with pytest.raises(Unkeepable, match="bytes"):
        store.write("most", 1, {"a": "é" * (limits.value_bytes // 2 + 1)}, MIDNIGHT)
    store.settle()


def test_a_loss_that_could_not_be_foreseen_is_an_error_when_it_settles(server: VictoriaMetricsInstance) -> None:
    """Somebody else's, here: whoever wrote it, the counters are the server's."""
    store = VictoriaMetricsStore(server.url)
    store.write("fine", 1, at=MIDNIGHT)
    store.settle()
    Sender(store.server).send([one("ancient", 1, {}, -1_000_000)])
    store.write("fine", 2, at=MIDNIGHT + 10)
    with pytest.raises(SamplesLost, match="small_timestamp") as caught:
        store.close()
    assert list(caught.value.reasons.values()) == [1]


def test_where_settings_do_not_tell_what_is_kept_each_write_settles(
    servers: dict[str, VictoriaMetricsInstance],
) -> None:
    with pytest.raises(SamplesLost, match="hourly_series_limit") as caught:
        servers["limited"].ingest(block("limited", 100))
    lost = caught.value.reasons["vm_hourly_series_limit_rows_dropped_total"]
    assert 140 <= lost <= 150  # its filter is a bloom filter: about fifty series of three samples are kept


@pytest.mark.parametrize(
    ("flag", "seconds"), [("1", 31 * 86400), ("100y", 100 * 365 * 86400), ("36h", 36 * 3600), ("2w", 14 * 86400)]
)
def test_the_retention_is_read_as_the_server_writes_it(flag: str, seconds: float) -> None:
    assert limits_of(f'flag{{name="retentionPeriod", value="{flag}", is_set="true"}} 1').behind == seconds
    assert not limits_of('flag{name="retentionPeriod", value="forever", is_set="true"} 1').certain
