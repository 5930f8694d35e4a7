"""Test rows with the scores of every model: a stream that can be read again, of any length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Literal, Self

import numpy as np
import pyarrow as pa

from adclick.arrays import Array, Float64
from adclick.scratch import Scratch

# clusters beyond these share a group with others: intervals then rest on this many independent
# sums, as those of random groups do (Wolter, Introduction to Variance Estimation, 2007, chapter 2)
GROUPS = 256
FILE = "rows.arrow"

type Clusters = Literal["creative", "day", "row"]


@dataclass(frozen=True)
class Column:
    """What rows can be divided by: `values` by code, or the ranges between the `edges` of a number.

    Code i of a number stands for edges[i - 1] and above, below edges[i].
    """

    name: str
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] | None = None

    @property
    def codes(self) -> int:
        """How many codes there are."""
        return len(self.values) if self.edges is None else len(self.edges) + 1


@dataclass(frozen=True)
class Block:
    """Some of the rows, in memory: float64 (n,) counts and scores, integer (n,) codes."""

    batch: pa.RecordBatch
    clustered_by: Clusters = "row"

    @property
    def clicks(self) -> Float64:
        """Clicks of each row."""
        return self._floats("clicks")

    @property
    def impressions(self) -> Float64:
        """Impressions of each row."""
        return self._floats("impressions")

    @property
    def groups(self) -> Array:
        """Who resampling draws together, 0 to GROUPS - 1."""
        codes: Array = self.batch.column(f"cluster by {self.clustered_by}").to_numpy() % GROUPS
        return codes

    def score(self, model: str) -> Float64:
        """Click probabilities that a model predicts."""
        return self._floats(f"score of {model}")

    def codes(self, column: str) -> Array:
        """Codes of the values of a column."""
        return np.asarray(self.batch.column(f"code of {column}").to_numpy())

    def _floats(self, name: str) -> Float64:
        return np.asarray(self.batch.column(name).to_numpy())


@dataclass(frozen=True)
class ScoredRows:
    """A handle on `count` test rows: outcomes, scores by model, and what slices divide them by.

    Rows of one cluster are not independent: `clustered_by` says what they have in common,
    `clusters` how many there are.
    """

    models: tuple[str, ...]
    columns: tuple[Column, ...]
    count: int
    clusters: int
    clustered_by: Clusters
    read: Callable[[], Iterator[pa.RecordBatch]]

    @property
    def groups(self) -> int:
        """How many groups of whole clusters the rows are in."""
        return min(self.clusters, GROUPS)

    def blocks(self) -> Iterator[Block]:
        """All rows, from the first, in blocks of at least one."""
        return (Block(batch, self.clustered_by) for batch in self.read())

    @classmethod
    def of(
        cls,
        clicks: Float64,
        impressions: Float64,
        scores: Mapping[str, Float64],
        clusters: Array | None = None,
        columns: Mapping[str, pa.Array] | None = None,
    ) -> Self:
        """Rows in memory; `clusters` (n,) are 0, 1, 2 ... with no gap, None: each row its own."""
        codes = {name: column.dictionary_encode() for name, column in (columns or {}).items()}
        kind: Clusters = "row" if clusters is None else "creative"
        batch = block_of(
            clicks,
            impressions,
            scores,
            {kind: np.arange(len(clicks)) if clusters is None else clusters},
            {name: column.indices for name, column in codes.items()},
        )
        return cls(
            models=tuple(scores),
            columns=tuple(
                Column(name, tuple(map(str, column.dictionary.to_pylist())))
                for name, column in codes.items()
            ),
            count=len(clicks),
            clusters=len(clicks) if clusters is None else int(clusters.max()) + 1,
            clustered_by=kind,
            read=lambda: iter([batch]),
        )


def block_of(
    clicks: Float64,
    impressions: Float64,
    scores: Mapping[str, Float64],
    clusters: Mapping[Clusters, Array],
    codes: Mapping[str, Array],
) -> pa.RecordBatch:
    """What Block reads; `clusters` int64 (n,) by each way in which rows may hang together."""
    return pa.RecordBatch.from_pydict(
        {
            "clicks": clicks,
            "impressions": impressions,
            **{f"cluster by {kind}": code for kind, code in clusters.items()},
            **{f"score of {name}": score for name, score in scores.items()},
            **{f"code of {name}": pa.array(code, pa.int32()) for name, code in codes.items()},
        }
    )


class RowsWriter:
    """Writes blocks to a file that is there as long as a handle on it; memory stays flat."""

    def __init__(self) -> None:
        self._folder = Scratch("scored")
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._file: pa.OSFile | None = None
        self.count = 0

    def __enter__(self) -> Self:
        self._file = pa.OSFile(str(self._folder.path / FILE), "wb")
        return self

    def add(self, batch: pa.RecordBatch) -> None:
        """Append a block, which has the columns of the first one."""
        if self._writer is None:
            self._writer = pa.ipc.new_file(self._file, batch.schema)
        self._writer.write_batch(batch)
        self.count += batch.num_rows

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        assert self._file is not None
        self._file.close()

    def rows(
        self,
        models: Sequence[str],
        columns: Sequence[Column],
        clusters: int,
        clustered_by: Clusters,
    ) -> ScoredRows:
        """A handle on what was written."""
        read = partial(_read, self._folder)
        return ScoredRows(tuple(models), tuple(columns), self.count, clusters, clustered_by, read)


def _read(folder: Scratch) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(folder.path / FILE)) as file, pa.ipc.open_file(file) as reader:
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
