"""The summary of a session, in a line or two."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.pytest_plugin.session_stats import SessionStats


def lines(tally: SessionStats) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is bad news."""
    leaks = _many(len(tally.leaks), "leak") if tally.leaks else "no leaks"
    parts = [
        f"{_many(tally.started, 'server')} started in {tally.seconds:.2f} s",
        *_fetched(tally),
        *([f"{len(set(tally.reused))} reused"] if tally.reused else []),
        *([f"{len(set(tally.attached))} attached"] if tally.attached else []),
        *([f"{tally.handles} isolated"] if tally.handles else []),
        leaks,
    ]
    yield f"metricrig: {', '.join(parts)}", bool(tally.leaks)
    yield from ((f"  leak: {each}", True) for each in tally.leaks)
    yield from ((f"  died: {each}", True) for each in tally.deaths)
    yield from ((f"  kept: {each}", False) for each in dict.fromkeys(tally.kept))
    for seed in dict.fromkeys(tally.chaos_seeds):
        yield f"  chance was of seed {seed}: the same again with --rig-chaos-seed={seed}", False
    for each in dict.fromkeys(tally.left_running):
        yield f"  left running for the next run: {each} (metricrig ps; metricrig clean --reused)", False


def _fetched(tally: SessionStats) -> list[str]:
    """Apart from the starts: the next run fetches nothing. Who has waited longest has seen all of a fetch."""
    longest: dict[str, float] = {}
    for name, seconds in tally.fetched:
        longest[name] = max(seconds, longest.get(name, 0.0))
    return [f"{len(longest)} fetched in {sum(longest.values()):.1f} s"] if longest else []


def lacks(tally: SessionStats) -> Iterator[str]:
    """The very last lines: a run that has left something out must not look like one that has not."""
    counted = Counter(map(tuple, tally.lacking))
    for (what, remedy), times in sorted(counted.items(), key=lambda each: (-each[1], each[0])):
        yield f"metricrig: {_many(times, 'test')} skipped for lack of {what}; what to do: {remedy}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
