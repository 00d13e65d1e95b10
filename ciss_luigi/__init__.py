"""Nightly rebuild of *Customer Invoice Summary - Estimated* as a Luigi task graph.

``luigi --module ciss_luigi`` imports this package alone, so the tasks are registered here.
"""

import configparser
import warnings

try:
    with warnings.catch_warnings():
        # a file that LUIGI_CONFIG_PATH names and that is not there: reported in full by ourselves
        warnings.filterwarnings("ignore", "Config file does not exist")
        import luigi  # noqa: F401 - reads luigi.cfg
except ModuleNotFoundError:
    raise
except (configparser.Error, ImportError, OSError, ValueError) as error:
    # ImportError: Luigi's answer to LUIGI_CONFIG_PARSER=toml where it has no parser for it
    # then there are no tasks, and ciss says why
    from ciss_luigi.cli import unreadable

    unreadable.reason = error
else:
    from ciss_luigi.tasks import BuildTemp, MergeMain, SourcesReady, TruncateTemp

__all__ = ["BuildTemp", "MergeMain", "SourcesReady", "TruncateTemp"]
