"""Synthetic series on a scrape grid."""

from metricrig.metrics.timeline.block import STALE, STALE_BITS, Block, is_stale

__all__ = ["STALE", "STALE_BITS", "Block", "is_stale"]
