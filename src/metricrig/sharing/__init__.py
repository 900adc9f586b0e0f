"""Servers that several processes share: test workers beside each other, and runs one after another."""

from metricrig.sharing.shared_rig import SharedRig

__all__ = ["SharedRig"]
