"""pyarrow reading a log's CSV files without a check: `... arrow WAY FOLDER`.

`read_csv` is called as it comes: it finds out what columns hold, and those with a flaw stay text.
In the other ways all cells stay text. `to_parquet` also writes them, which is the least that an
ingestion can do. Rows of another length are skipped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from adclick.sample_data.defects import COLUMNS
from benchmarks.ingest.stopwatch import tell, timed

AS_TEXT = csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()))


def read_all(paths: list[Path], convert: csv.ConvertOptions | None = None) -> int:
    """Rows read when all files are held in memory."""
    skipped: list[int] = []
    tables = [csv.read_csv(path, None, _parse(skipped), convert) for path in paths]
    return sum(table.num_rows for table in tables) + len(skipped)


def read_all_as_text(paths: list[Path]) -> int:
    """The same without finding out what columns hold."""
    return read_all(paths, AS_TEXT)


def read_and_write(paths: list[Path]) -> int:
    """Rows read and written to a Parquet file for each, files side by side."""
    store = Path(os.environ["ADCLICK_HOME"]) / "store"
    store.mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(partial(_copy, store), paths))


def _copy(store: Path, path: Path) -> int:
    skipped: list[int] = []
    # what threads there are read a file each
    alone = csv.ReadOptions(use_threads=False)
    table = csv.read_csv(path, alone, _parse(skipped), AS_TEXT)
    pq.write_table(table, store / f"{path.parent.name}-{path.stem}.parquet")
    return table.num_rows + len(skipped)


def stream_all(paths: list[Path]) -> int:
    """Rows read when one file after another is gone through in batches."""
    rows, skipped = 0, list[int]()
    for path in paths:
        with csv.open_csv(path, None, _parse(skipped), AS_TEXT) as reader:
            rows += sum(batch.num_rows for batch in reader)
    return rows + len(skipped)


def _parse(skipped: list[int]) -> csv.ParseOptions:
    def skip(row: csv.InvalidRow) -> str:
        skipped.append(1)
        return "skip"

    return csv.ParseOptions(invalid_row_handler=skip)


WAYS: Mapping[str, Callable[[list[Path]], int]] = {
    "read_csv": read_all,
    "text": read_all_as_text,
    "to_parquet": read_and_write,
    "open_csv": stream_all,
}


def main() -> None:
    """Read the log in the way that the arguments name, and tell."""
    way, folder = sys.argv[1:]
    paths = sorted(Path(folder).glob("*/impressions-*.csv"))
    rows, took = timed(lambda: WAYS[way](paths))
    tell(took, rows=rows)
    # Arrow's threads may let go of the handler of short rows only now; at exit that aborts
    os._exit(0)


if __name__ == "__main__":
    main()
