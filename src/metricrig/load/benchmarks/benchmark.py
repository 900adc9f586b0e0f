"""The times of a benchmark's rounds, and what follows from them: medians and ratios, each with an interval."""

from __future__ import annotations

import random
from statistics import median
from typing import TYPE_CHECKING

from metricrig._core.arguments import wrong
from metricrig.load.ratio import RESAMPLES, Ratio, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike


class Benchmark:
    """Seconds of a call in each round, by the name of the call; the first is the reference."""

    def __init__(self, times: Mapping[str, Sequence[float]], sizes: Mapping[str, int]) -> None:
        self.times = {name: list(each) for name, each in times.items()}
        self.sizes = dict(sizes)
        """How many calls a round of each had."""

    @property
    def reference(self) -> str:
        """What the others are compared with."""
        return next(iter(self.times))

    def median(self, name: str) -> float:
        """Seconds that a call takes: half of the rounds were faster."""
        return median(self._of(name))

    def interval(self, name: str) -> tuple[float, float]:
        """Between which seconds the median lies, with 95 % confidence."""
        return interval([value for value, _ in self._drawn(name, name)])

    def ratio(self, name: str, to: str | None = None) -> Ratio:
        """How many times as long as the reference, or another. Rounds are drawn in pairs: they shared their moment."""
        other = self.reference if to is None else to
        drawn = [mine / theirs for mine, theirs in self._drawn(name, other)]
        return Ratio(self.median(name) / self.median(other), *interval(drawn))

    def against(self, baseline: Benchmark | str | PathLike[str], name: str) -> Ratio:
        """How many times as long as in an earlier benchmark, or in the file that has one.

        Where both have a reference besides, what is compared is how much longer than that it takes: a machine that is
        slower as a whole changes nothing.
        """
        from metricrig.load.benchmarks.benchmark_json import saved_rounds  # noqa: PLC0415 - few keep one

        before = baseline if isinstance(baseline, Benchmark) else Benchmark(*saved_rounds(baseline))
        shared = self.reference if self.reference in before.times and name != self.reference else None
        now, then = self._relative(name, shared, seed=0), before._relative(name, shared, seed=1)  # noqa: SLF001
        value, *drawn = (mine / theirs for mine, theirs in zip(now, then, strict=True))
        return Ratio(value, *interval(drawn))

    def save(self, path: str | PathLike[str]) -> None:
        """Write it in the format of pytest-benchmark, which its tools read: a baseline, to be kept with the code."""
        from metricrig.load.benchmarks.benchmark_json import save  # noqa: PLC0415 - see above

        save({"": self}, path)

    def table(self) -> str:
        """As a table in Markdown."""
        from metricrig.load.benchmarks.benchmark_table import table_of  # noqa: PLC0415 - few draw one

        return table_of(self)

    def svg(self) -> str:
        """As a picture: a bar for each, with its interval."""
        from metricrig.load.benchmarks.benchmark_table import svg_of  # noqa: PLC0415 - few draw one

        return svg_of(self)

    def _relative(self, name: str, to: str | None, *, seed: int) -> Iterator[float]:
        """The figure as measured, and then of each drawing."""
        yield self.median(name) / (self.median(to) if to else 1.0)
        for mine, theirs in self._drawn(name, to or name, seed=seed):
            yield mine / theirs if to else mine

    def _drawn(self, name: str, other: str, *, seed: int = 0) -> Iterator[tuple[float, float]]:
        """Medians of rounds that chance draws, the same for both."""
        mine, theirs = self._of(name), self._of(other)
        chance, rounds = random.Random(seed), range(min(len(mine), len(theirs)))  # noqa: S311 - to be had again
        for _ in range(RESAMPLES):
            drawn = chance.choices(rounds, k=len(rounds))
            yield median([mine[each] for each in drawn]), median([theirs[each] for each in drawn])

    def _of(self, name: str) -> list[float]:
        if name not in self.times:
            raise wrong("benchmark", "name", name, f"one of {', '.join(self.times)}")
        return self.times[name]

    def __repr__(self) -> str:
        others = [f"{each} {self.ratio(each)} times {self.reference}" for each in self.times if each != self.reference]
        return f"<Benchmark {', '.join(others) or self.reference}>"
