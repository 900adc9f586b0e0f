"""Benchmarks: what metricrig costs over doing the same by hand, and beside others. ``python -m bench``."""
