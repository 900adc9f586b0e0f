"""Benchmarks: calls that take turns, compared with each other and with what they were."""
