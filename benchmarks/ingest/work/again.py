"""A large log ingested, ingested again unchanged, and again with a late file.

`python -m benchmarks.ingest.work.again FOLDER`
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from benchmarks.ingest.data import LATE, data_schema
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.ingest.work.ours import Clock, ingest_source


def main() -> None:
    """Ingest the folder's log a second and a third time into the place's store, and tell."""
    folder, store = sys.argv[1], f"{os.environ['ADCLICK_HOME']}/store"
    schema = data_schema(images=True)
    _, unchanged = timed(lambda: ingest_source(folder, schema, store, Clock()))
    (late,) = Path(folder).glob(f"*/{LATE}")
    arrived = late.with_name(f"impressions-{late.name}")
    shutil.copyfile(late, arrived)
    try:
        log, took = timed(lambda: ingest_source(folder, schema, store, Clock()))
    finally:
        arrived.unlink()
    tell(took, unchanged=unchanged.wall, rows=sum(month.rows_in for month in log.months))


if __name__ == "__main__":
    main()
