"""Metrics: read them, wait for them, write them, query them, and know the right answer. Usable without a rig."""
