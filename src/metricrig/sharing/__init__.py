"""Servers that several processes share: test workers beside each other, and runs one after another."""

from metricrig.sharing.shared_rig import Commons

__all__ = ["Commons"]
