"""Which test rows are not independent of each other: those of one creative, or of one day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.evaluation.rows import Clusters
from adclick.schema import Schema

# with fewer, no interval knows how wide it should be
LEAST = 20
DAY = 86_400_000_000  # microseconds


class ClusterCodes:
    """Numbers creatives, days and rows as they come; those that come early are the large ones.

    Memory grows with the creatives, of which a log has them all in memory elsewhere.
    """

    def __init__(self, schema: Schema) -> None:
        self._creative, self._time = schema.creative, schema.time
        self._creatives: dict[str | None, int] = {}
        self._days: dict[int, int] = {}
        self._rows = 0

    def of(self, batch: pa.RecordBatch) -> dict[Clusters, Array]:
        """Codes int64 (n,) of each kind of cluster that the rows have."""
        times = pc.cast(batch.column(self._time), pa.int64()).to_numpy()
        days, of_row = np.unique(times // DAY, return_inverse=True)
        codes: dict[Clusters, Array] = {
            "day": _numbered(self._days, days.tolist(), of_row),
            "row": np.arange(self._rows, self._rows + batch.num_rows),
        }
        self._rows += batch.num_rows
        if self._creative is not None:
            column = batch.column(self._creative).dictionary_encode()
            codes["creative"] = _numbered(
                self._creatives, column.dictionary.to_pylist(), column.indices.to_numpy()
            )
        return codes

    def choose(self, wanted: Clusters | None) -> tuple[Clusters, int]:
        """The kind that is wanted, or the first of which there are enough, and how many there are.

        Raises AdclickError where creatives are wanted and the schema has none.
        """
        counts: dict[Clusters, int] = {"day": len(self._days), "row": self._rows}
        if self._creative is not None:
            counts = {"creative": len(self._creatives), **counts}
        if wanted is not None and wanted not in counts:
            raise AdclickError(
                "evaluation.clusters is creative, but the schema has no creative column: "
                "declare one, or choose day or row"
            )
        enough = [kind for kind, count in counts.items() if count >= LEAST]
        chosen = wanted or (enough[0] if enough else "row")
        return chosen, counts[chosen]


def _numbered(known: dict[Any, int], values: Iterable[Any], codes: Array) -> Array:
    """The number of each row's value, int64 (n,); values that are new are added to `known`."""
    numbers = [known.setdefault(value, len(known)) for value in values]
    return np.array(numbers, np.int64)[codes]
