"""The job with Daft's own runner: `python -m benchmarks.ingest.peers.daft_frames FOLDER`.

Checks and images are functions of batches; ids are grouped and joined by Daft.
"""

from __future__ import annotations

import sys
from pathlib import Path

import daft
import pandas as pd
from daft import DataType, Series, col

from adclick.sample_data.defects import COLUMNS
from benchmarks.ingest.peers.job import GOOD, Outcome, checked, files_of, pixels_of, run

TEXT = DataType.string()
CHECKED = DataType.struct({"reason": TEXT, "address": TEXT})


@daft.func.batch(return_dtype=CHECKED)
def _check(path: Series, *cells: Series) -> list[dict[str, str]]:
    columns = zip(COLUMNS, cells, strict=True)
    rows = pd.DataFrame({name: pd.Series(cell.to_pylist(), dtype=object) for name, cell in columns})
    # the order of rows is the batch's
    done = checked(rows.assign(path=path.to_pylist())).sort_index()
    found: list[dict[str, str]] = done[["reason", "address"]].to_dict("records")
    return found


@daft.func.batch(return_dtype=DataType.binary())
def _pixels(addresses: Series) -> list[bytes | None]:
    return [pixels_of(address) for address in addresses.to_pylist()]


def ingest(folder: Path, store: Path) -> Outcome:
    """Read, check, group, decode and write."""
    read = daft.read_csv(
        files_of(folder),
        infer_schema=False,
        schema=dict.fromkeys(COLUMNS, TEXT),
        allow_variable_columns=True,
        file_path_column="path",
    )
    rows = read.with_column("checked", _check(col("path"), *(col(name) for name in COLUMNS)))
    rows = rows.with_columns(
        {name: col("checked").get(name) for name in ("reason", "address")}
    ).exclude("checked", "path", "image")
    rows = rows.collect()
    good, bad = rows.where(col("reason") == GOOD), rows.where(col("reason") != GOOD)
    images = good.select("creative_id", "address").distinct()
    images = images.with_column("pixels", _pixels(col("address"))).collect()
    usable = images.where(col("pixels").not_null())
    usable.write_parquet(str(store / "images"))
    creatives = usable.select("creative_id")
    without = good.join(creatives, on="creative_id", how="anti")
    shown = good.join(creatives, on="creative_id", how="semi")
    # alike rows are one row; of an id with several kinds of rows none is kept
    alike = [name for name in shown.column_names if name not in ("reason", "address")]
    distinct = shown.groupby(*alike).agg(col("reason").count().alias("times")).collect()
    ways = distinct.groupby("impression_id").agg(col("times").count().alias("ways"))
    judged = distinct.join(ways, on="impression_id").collect()
    kept = judged.where(col("ways") == 1)
    kept.exclude("ways", "times").write_parquet(str(store / "rows"))
    for number, out in enumerate(
        (bad, without, judged.where((col("ways") > 1) | (col("times") > 1)))
    ):
        out.write_parquet(str(store / f"quarantine-{number}"))
    count = kept.count_rows()
    return Outcome(count, rows.count_rows() - count, creatives.count_rows())


if __name__ == "__main__":
    daft.set_runner_native()
    run(ingest, sys.argv[1])
