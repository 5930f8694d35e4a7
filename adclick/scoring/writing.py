"""A unit's scores as a Parquet file, and the rows without one as another."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from adclick.arrays import Array, Float64
from adclick.ingest.bad_rows import BAD_ROWS
from adclick.ingest.parts import count_reasons
from adclick.ingest.storage import written
from adclick.prediction_log.names import MODEL_VERSION, SCORE

CREATIVE = "_creative"
KINDS = ("known", "new", "unknown")
KNOWN, NEW, UNKNOWN = range(len(KINDS))


def score_schema(id_column: str, creatives: bool) -> pa.Schema:
    """The columns of a file of scores; the log's own id column, and ours, which begin with `_`."""
    word = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field(id_column, pa.string()), pa.field(SCORE, pa.float64())]
    fields += [pa.field(CREATIVE, word)] if creatives else []
    return pa.schema([*fields, pa.field(MODEL_VERSION, word)])


class ScoreWriter:
    """Streams a unit's scores to the file `scores`, rows without one to `unscored`, and counts.

    Use it as a context manager; files appear when it ends without an error, and those without rows
    never do.
    """

    def __init__(
        self, scores: str, unscored: str, id_column: str, version: str, creatives: bool
    ) -> None:
        self._files = {"scores": scores, "unscored": unscored}
        self._schema = score_schema(id_column, creatives)
        self._version = pa.array([version])
        self._stack = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.reasons: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.scored = 0

    def __enter__(self) -> ScoreWriter:
        self._stack.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        # whatever happened: a writer that is left open writes to its closed file when it is removed
        for writer in self._writers.values():
            writer.close()
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def score(self, ids: pa.Array, scores: Float64, kinds: Array | None) -> None:
        """Write scored rows (n,); `kinds` are places in KINDS, None without creatives."""
        count = len(scores)
        if not count:
            return
        columns = [ids, pa.array(scores)]
        if kinds is not None:
            columns.append(pa.DictionaryArray.from_arrays(pa.array(kinds, pa.int32()), KINDS))
            found, counts = np.unique(kinds, return_counts=True)
            for kind, rows in zip(found.tolist(), counts.tolist(), strict=True):
                self.kinds[KINDS[kind]] += rows
        version = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), self._version)
        self._write("scores", pa.table([*columns, version], schema=self._schema))
        self.scored += count

    def reject(self, rows: pa.Table) -> None:
        """Write rows without a score (BAD_ROWS) and count their reasons."""
        if not rows.num_rows:
            return
        self._write("unscored", rows)
        self.reasons.update(count_reasons(rows))

    def _write(self, name: str, rows: pa.Table) -> None:
        if name not in self._writers:
            file = self._stack.enter_context(written(self._files[name]))
            self._writers[name] = (
                pq.ParquetWriter(file, BAD_ROWS, compression="zstd")
                if name == "unscored"
                else _score_writer(file, self._schema)
            )
        self._writers[name].write_table(rows)


def _score_writer(file: object, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        file,
        schema,
        # digits of a score do not repeat
        compression={name: "none" if name == SCORE else "snappy" for name in schema.names},
        use_dictionary=[field.name for field in schema if pa.types.is_dictionary(field.type)],
        write_statistics=False,
        store_schema=False,
    )
