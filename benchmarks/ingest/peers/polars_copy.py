"""Polars storing a log's CSV files as Parquet, without a check: `... polars_copy FOLDER`.

All cells stay text, and what a row has too much is cut off.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import polars as pl

from benchmarks.ingest.stopwatch import tell, timed


def read_and_write(paths: list[Path], store: Path) -> None:
    """A Parquet file for each, read as a stream by all cores."""
    for path in paths:
        read = pl.scan_csv(path, infer_schema=False, truncate_ragged_lines=True)
        read.sink_parquet(store / f"{path.parent.name}-{path.stem}.parquet")


def main() -> None:
    """Copy the log and tell."""
    store = Path(os.environ["ADCLICK_HOME"]) / "store"
    store.mkdir(parents=True)
    paths = sorted(Path(sys.argv[1]).glob("*/impressions-*.csv"))
    _, took = timed(lambda: read_and_write(paths, store))
    tell(took, rows=pl.scan_parquet(store / "*.parquet").select(pl.len()).collect().item())


if __name__ == "__main__":
    main()
