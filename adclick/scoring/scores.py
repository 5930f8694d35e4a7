"""What scoring a log leaves: months of scores in Parquet, and the manifest that counts them."""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

BATCH_ROWS = 65_536


class ScoredMonth(BaseModel):
    """A month's scores; rows_in = rows_scored + rows_unscored, as the log's units were read.

    `month` is None where the log's files name none. Paths are relative to the scores' root;
    `unscored` lists file, line, column, reason and text of rows without a score, if there are any.
    `reasons` counts those, `creatives` what the model knew of the others' creatives: "known",
    "new" (embedded from its image) or "unknown" (scored with the fallback).
    """

    model_config = ConfigDict(frozen=True)

    month: str | None
    folder: str
    files: tuple[str, ...]
    unscored: str | None
    rows_in: int
    rows_scored: int
    rows_unscored: int
    reasons: dict[str, int]
    creatives: dict[str, int]
    images_embedded: int

    @property
    def name(self) -> str:
        """The month as people and folders call it."""
        return self.month or "all"

    @property
    def unscored_share(self) -> float:
        """Share of the rows that have no score."""
        return self.rows_unscored / self.rows_in if self.rows_in else 0.0


class Scores(BaseModel):
    """A handle on the scores of a log by one model version: small, and never loaded whole.

    `root` is a path or any fsspec URL, `data` what was scored.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    data: str
    model: str
    version: str
    months: tuple[ScoredMonth, ...]

    @property
    def rows_in(self) -> int:
        """Rows that the log's units held."""
        return sum(month.rows_in for month in self.months)

    @property
    def rows_scored(self) -> int:
        """Rows that have a score."""
        return sum(month.rows_scored for month in self.months)

    @property
    def rows_unscored(self) -> int:
        """Rows that have none."""
        return sum(month.rows_unscored for month in self.months)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All scores in the log's order, at most BATCH_ROWS at a time.

        Columns are the log's own id, `_score`, `_creative` where the log has creatives, and
        `_model_version`.
        """
        filesystem, root = fsspec.core.url_to_fs(self.root)
        for month in self.months:
            for name in month.files:
                with filesystem.open(f"{root}/{name}", "rb") as file:
                    yield from pq.ParquetFile(file).iter_batches(BATCH_ROWS)
