"""Synthetic series on a scrape grid, for tests whose right answer is known."""

from metricrig.metrics.timeline.block import STALE, STALE_BITS, Block, Metadata, is_stale
from metricrig.metrics.timeline.counter import Counter
from metricrig.metrics.timeline.distributions import Histogram, Summary
from metricrig.metrics.timeline.gauge import Gauge, GivenSeries
from metricrig.metrics.timeline.rows import ScrapedSeries
from metricrig.metrics.timeline.timeline import Timeline

__all__ = [
    "STALE",
    "STALE_BITS",
    "Block",
    "Counter",
    "Gauge",
    "GivenSeries",
    "Histogram",
    "Metadata",
    "ScrapedSeries",
    "Summary",
    "Timeline",
    "is_stale",
]
