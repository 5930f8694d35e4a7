"""Our ingestion of a log, timed: `python -m benchmarks.ingest.work.ours SOURCE [--images]`."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pandas as pd  # noqa: F401  Arrow imports it with the first array: imports are not timed
import pyarrow.parquet as pq

from adclick.adlog import AdLog
from adclick.ingest.ingest import ingest
from adclick.ingest.progress import Quiet
from adclick.ingest.sources import find_source
from adclick.schema import Schema
from benchmarks.ingest.data import data_schema
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.ingest.work.agreement import digest


@dataclass
class Clock(Quiet):
    """When the last row was read, and when the last image was decoded, which is after it.

    What lies between is the images' part: listing, fetching, decoding and writing them.
    """

    rows_end: float = 0.0
    images_end: float = 0.0

    def read(self, size: int, rows: int) -> None:
        """Note the time."""
        self.rows_end = time.perf_counter()

    def decoded(self, count: int) -> None:
        """Note the time."""
        self.images_end = time.perf_counter()


def main() -> None:
    """Ingest the log into the store of this place, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--images", action="store_true")
    options = parser.parse_args()
    schema, store = data_schema(options.images), f"{os.environ['ADCLICK_HOME']}/store"
    Path(store).mkdir(parents=True, exist_ok=True)
    # a filesystem's client is an import too
    fsspec.core.url_to_fs(options.source)
    clock, begun = Clock(), time.perf_counter()
    log, took = timed(lambda: ingest_source(options.source, schema, store, clock))
    tell(
        took,
        rows=sum(month.rows_in for month in log.months),
        kept=sum(month.rows_kept for month in log.months),
        quarantined=sum(month.rows_quarantined for month in log.months),
        quarantine=digest(quarantined_ids(log)),
        creatives=log.creative_files.count if log.creative_files else 0,
        rows_seconds=clock.rows_end - begun,
        images_seconds=clock.images_end - clock.rows_end if clock.images_end else 0.0,
    )


def ingest_source(source: str, schema: Schema, store: str, clock: Clock) -> AdLog:
    """The log of what the source holds now."""
    return ingest(find_source(source, schema), schema, store, progress=clock)


def quarantined_ids(log: AdLog) -> Iterator[str]:
    """The ids of all rows in quarantine, the first cell of each."""
    for month in log.months:
        table = pq.read_table(f"{log.root}/{month.quarantine}", columns=["text"])
        yield from (text.partition(",")[0] for text in table.column("text").to_pylist())


if __name__ == "__main__":
    main()
