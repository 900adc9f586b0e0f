"""A parser of metrics pages: the text format 0.0.4 and OpenMetrics 1.0, in full or only what is asked for."""

from metricrig.metrics.exposition.errors import BadPage, NotOneSample
from metricrig.metrics.exposition.labels import Labels
from metricrig.metrics.exposition.model import Exemplar, Family, Sample
from metricrig.metrics.exposition.page import Page

__all__ = ["BadPage", "Exemplar", "Family", "Labels", "NotOneSample", "Page", "Sample"]
