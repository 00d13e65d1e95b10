"""Loading a folder of CSV and Parquet files into the source tables of the embedded warehouse.

``load_folder`` does all of it; nothing here prints or asks.
"""

from ciss_luigi.loading.faults import ALTER_TABLE, CORRECT_FILE, LoadError
from ciss_luigi.loading.files import not_taken
from ciss_luigi.loading.folder import FileFate, LoadedTable, LoadProgress, load_folder

__all__ = [
    "ALTER_TABLE",
    "CORRECT_FILE",
    "FileFate",
    "LoadError",
    "LoadProgress",
    "LoadedTable",
    "load_folder",
    "not_taken",
]
