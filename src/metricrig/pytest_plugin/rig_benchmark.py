"""The fixture ``rig_benchmark``: a benchmark that fails a test, with a limit that has to be exceeded beyond doubt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from metricrig.load.benchmarks.benchmark_json import save
from metricrig.load.benchmarks.rounds import benchmark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from metricrig.load.benchmarks.benchmark import Benchmark
    from metricrig.load.ratio import Ratio
    from metricrig.pytest_plugin.options import PluginOptions

_TIMED = pytest.StashKey[dict[str, "Benchmark"]]()


class RigBenchmark:
    """Called with functions by their names; the first is the reference."""

    def __init__(self, test: str, config: pytest.Config, settings: PluginOptions) -> None:
        self._test, self._config, self._settings = test, config, settings

    def __call__(
        self,
        calls: Mapping[str, Callable[[], Any]],
        *,
        at_most: float | None = None,
        baseline: str | PathLike[str] | None = None,
        rounds: int = 30,
        warm_up: int = 2,
    ) -> Benchmark:
        """Time them in turn. ``at_most`` is how many times as long as the reference one may take, or as it once did.

        It fails only if the whole interval lies above that. A baseline is a file, relative to the root of the project,
        which ``--rig-benchmark-save`` writes.
        """
        timed = benchmark(calls, rounds=rounds, warm_up=warm_up)
        self._write(timed)
        place = None if baseline is None else self._config.rootpath / baseline
        if place is not None and self._settings.benchmark_save:
            timed.save(place)
        elif at_most is not None:
            self._judge(timed, at_most, place)
        return timed

    def _judge(self, timed: Benchmark, at_most: float, baseline: Path | None) -> None:
        if baseline is not None and not baseline.exists():
            pytest.fail(f"there is no baseline {baseline}\n  what to do: pytest --rig-benchmark-save", pytrace=False)
        for name in timed.times:
            if baseline is not None:
                ratio, than = timed.against(baseline, name), f"in {baseline.name}"
            else:
                ratio, than = timed.ratio(name), timed.reference
            if ratio.low > at_most:
                pytest.fail(_too_slow(timed, name, ratio, f"{than}, and {at_most:g} is the limit"), pytrace=False)

    def _write(self, timed: Benchmark) -> None:
        """The file is whole after each of them: a session may end at any time."""
        known = self._config.stash.setdefault(_TIMED, {})
        known[self._test] = timed
        if self._settings.benchmark_json is not None:
            path = Path(self._settings.benchmark_json)
            worker = getattr(self._config, "workerinput", {}).get("workerid", "")
            save(known, path.with_name(f"{path.stem}-{worker}{path.suffix}") if worker else path)


def _too_slow(timed: Benchmark, name: str, ratio: Ratio, limit: str) -> str:
    return f"{name} takes {ratio} times as long as {limit}\n\n{timed.table()}"
