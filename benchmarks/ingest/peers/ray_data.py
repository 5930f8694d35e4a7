"""The job with Ray Data: `python -m benchmarks.ingest.peers.ray_data FOLDER`.

Batches in pandas; rows of one id meet in a shuffle by a hash of the id.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import ray
import ray.data
from pyarrow import csv

from adclick.sample_data.defects import COLUMNS
from benchmarks.ingest.peers.job import (
    GOOD,
    Outcome,
    checked,
    deduplicated,
    files_of,
    month_of,
    pixels_of,
    run,
)

BUCKETS = 16
CORES = 2


@dataclass(frozen=True)
class Keep:
    """Keeps the text of rows of another length, for which Ray Data has no place."""

    folder: str

    def __call__(self, row: csv.InvalidRow) -> str:
        """Append the row to a file; the parser is to go on."""
        with (Path(self.folder) / "short.txt").open("a", encoding="utf-8") as file:
            file.write(f"{row.text}\n")
        return "skip"


def ingest(folder: Path, store: Path) -> Outcome:
    """Read, check, shuffle, decode and write."""
    rows = ray.data.read_csv(
        files_of(folder),
        include_paths=True,
        parse_options=csv.ParseOptions(invalid_row_handler=Keep(str(store))),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False
        ),
    )
    rows = rows.map_batches(_checked, batch_format="pandas")
    rows = rows.groupby("bucket").map_groups(deduplicated, batch_format="pandas").materialize()
    shown = rows.map_batches(_shown, batch_format="pandas").to_pandas().drop_duplicates()
    images = ray.data.from_pandas(shown).repartition(2 * CORES)
    images = images.map_batches(_decoded, batch_format="pandas").materialize()
    images.map_batches(pd.DataFrame.dropna, batch_format="pandas").write_parquet(
        str(store / "images")
    )
    broken = frozenset(_broken(images))
    rows = rows.map_batches(_without_image, fn_args=(broken,), batch_format="pandas").materialize()
    good, bad = (rows.filter(expr=f"reason {sign} ''") for sign in ("==", "!="))
    good, bad = good.materialize(), bad.materialize()
    good.write_parquet(str(store / "rows"))
    bad.write_parquet(str(store / "quarantine"))
    short = (store / "short.txt").read_text(encoding="utf-8").count("\n")
    return Outcome(good.count(), bad.count() + short, images.count() - len(broken))


def _checked(rows: pd.DataFrame) -> pd.DataFrame:
    done = checked(rows)
    buckets = pd.util.hash_array(done["impression_id"].to_numpy(object)) % BUCKETS
    return done.assign(month=done["path"].map(month_of), bucket=buckets.astype("int64"))


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    good = rows[rows["reason"] == GOOD]
    return good[["creative_id", "address"]].drop_duplicates()


def _decoded(creatives: pd.DataFrame) -> pd.DataFrame:
    return creatives.assign(pixels=creatives["address"].map(pixels_of))


def _broken(images: Any) -> list[str]:
    return [row["creative_id"] for row in images.iter_rows() if row["pixels"] is None]


def _without_image(rows: pd.DataFrame, broken: frozenset[str]) -> pd.DataFrame:
    reason = rows["reason"].mask(
        rows["creative_id"].isin(broken) & (rows["reason"] == GOOD), "image"
    )
    return rows.assign(reason=reason)


if __name__ == "__main__":
    # its start is not counted, as no import is
    ray.init(num_cpus=CORES, log_to_driver=False, logging_level=logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    run(ingest, sys.argv[1])
    ray.shutdown()
