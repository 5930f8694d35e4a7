"""Writing a month of the log: its good rows, its quarantine and its counts."""

from __future__ import annotations

from collections import Counter

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adclick.adlog import CLICKS, IMPRESSIONS, Month, row_schema
from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.schema import Schema

QUARANTINE = pa.schema(
    [("file", pa.string()), ("row", pa.int64()), ("reason", pa.string()), ("text", pa.string())]
)


class MonthWriter:
    """Streams one month's rows and quarantine to Parquet and counts both."""

    def __init__(self, root: str, month: str, schema: Schema) -> None:
        filesystem, base = fsspec.core.url_to_fs(root)
        self._month, self._schema = month, schema
        self._rows_file = f"month={month}/rows.parquet"
        self._quarantine_file = f"month={month}/quarantine.parquet"
        filesystem.makedirs(f"{base}/month={month}", exist_ok=True)
        self._streams = [
            filesystem.open(f"{base}/{name}", "wb")
            for name in (self._rows_file, self._quarantine_file)
        ]
        self._rows = pq.ParquetWriter(self._streams[0], row_schema(schema), compression="zstd")
        self._bad = pq.ParquetWriter(self._streams[1], QUARANTINE, compression="zstd")
        self._seen: set[int] = set()
        self._reasons: Counter[str] = Counter()
        self._defaults: Counter[str] = Counter()
        self._kept = self._impressions = self._clicks = 0
        self._span: list[pa.Scalar] = []

    def repeated(self, ids: pa.Array) -> Array:
        """True for ids (n,) that this month has already had, in this call or before it."""
        hashes = pd.util.hash_array(np.asarray(ids.to_numpy(zero_copy_only=False)))
        repeated = pd.Series(hashes).duplicated().to_numpy().copy()
        for position, value in enumerate(hashes.tolist()):
            repeated[position] |= value in self._seen
        self._seen.update(hashes.tolist())
        return np.asarray(repeated)

    def keep(self, rows: pa.RecordBatch, defaults: dict[str, int]) -> None:
        """Write good rows."""
        self._rows.write_batch(rows)
        self._kept += rows.num_rows
        self._impressions += pc.sum(rows.column(IMPRESSIONS)).as_py()
        self._clicks += pc.sum(rows.column(CLICKS)).as_py()
        span = pc.min_max(rows.column(self._schema.time)).as_py()
        self._span += [span["min"], span["max"]]
        self._defaults.update(defaults)

    def quarantine(self, rows: pa.Table) -> None:
        """Write bad rows (file, row, reason, text) and count their reasons."""
        self._bad.write_table(rows)
        self._reasons.update(rows.column("reason").to_pylist())

    def finish(self) -> Month:
        """Close the files; raises AdclickError for a month without a good row or too many bad."""
        for writer in (self._rows, self._bad, *self._streams):
            writer.close()
        if not self._kept:
            raise AdclickError(f"month {self._month} is empty: no good row{self._top_reasons()}")
        month = Month(
            month=self._month,
            files=(self._rows_file,),
            quarantine=self._quarantine_file,
            rows_kept=self._kept,
            rows_quarantined=self._reasons.total(),
            reasons=dict(self._reasons.most_common()),
            defaults={name: count for name, count in sorted(self._defaults.items()) if count},
            impressions=self._impressions,
            clicks=self._clicks,
            first=min(self._span),
            last=max(self._span),
        )
        if month.bad_share > self._schema.max_bad_share:
            raise AdclickError(
                f"month {self._month}: {month.bad_share:.1%} of {month.rows_in:,} rows are bad, "
                f"more than max_bad_share {self._schema.max_bad_share:.1%}{self._top_reasons()}"
            )
        return month

    def _top_reasons(self) -> str:
        top = [f"{reason} ({count:,})" for reason, count in self._reasons.most_common(3)]
        return f"; most often {', '.join(top)}" if top else ""
