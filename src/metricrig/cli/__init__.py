"""The command ``metricrig``: what this machine can run, where servers come from, which rigs there are."""

from metricrig.cli.command import main

__all__ = ["main"]
