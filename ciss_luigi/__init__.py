"""Nightly rebuild of *Customer Invoice Summary - Estimated* as a Luigi task graph.

``luigi --module ciss_luigi`` imports this package alone, so the tasks are registered here.
"""

from ciss_luigi.tasks import BuildTemp, MergeMain, SourcesReady, TruncateTemp

__all__ = ["BuildTemp", "MergeMain", "SourcesReady", "TruncateTemp"]
