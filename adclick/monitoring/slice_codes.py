"""Which slice a row lies in, of the columns that are declared: cut by the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.evaluation.cuts import OTHER
from adclick.evaluation.rows import Column
from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.names import HOUR, IMAGE, SCORE
from adclick.monitoring.profile import Profile

MOST_VALUES = 20
FEW_VALUES = 10
QUARTERS = np.array([0.25, 0.5, 0.75])


class SliceCodes:
    """The columns, and the code of each row in each of them.

    A text column has its most frequent values in the reference and one for all others, a numeric
    one the ranges between the reference's quartiles. Where `columns` is None they are the text
    columns of at most FEW_VALUES values. Raises AdclickError for a column that the
    reference does not have.
    """

    def __init__(self, reference: Profile, columns: Sequence[str] | None) -> None:
        known: dict[str, Values | Numbers] = {**reference.values, **reference.numbers}
        for name in [n for n in known if n in (HOUR, SCORE) or n.startswith(IMAGE)]:
            del known[name]
        if columns is None:
            columns = [name for name in reference.values if name in known and _few(reference, name)]
        for name in columns:
            if name not in known:
                raise AdclickError(
                    f"monitoring.slices names column {name!r}: choose from {', '.join(known)}"
                )
        self.columns = tuple(_column(name, known[name]) for name in columns)

    def of(self, batch: pa.RecordBatch | pa.Table) -> dict[str, Array]:
        """Codes (n,) of a batch's rows by column."""
        return {column.name: _codes(column, batch[column.name]) for column in self.columns}


def _few(reference: Profile, name: str) -> bool:
    return reference.values[name].distinct <= FEW_VALUES


def _column(name: str, known: Values | Numbers) -> Column:
    if isinstance(known, Numbers):
        places, shown = known.cells
        edges = np.unique(places[np.searchsorted(shown.cumsum() / shown.sum(), QUARTERS)])
        return Column(name, edges=tuple(edges.tolist()))
    counts = known.counts
    frequent = sorted(counts, key=lambda value: (-counts[value], value))[: MOST_VALUES - 1]
    return Column(name, (*sorted(frequent), OTHER))


def _codes(column: Column, cells: pa.Array | pa.ChunkedArray) -> Array:
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if column.edges is not None:
        numbers = cells.to_numpy(zero_copy_only=False)
        return np.asarray(np.searchsorted(column.edges, numbers, side="right"))
    found = pc.index_in(cells, value_set=pa.array(column.values, pa.string()))
    codes: Array = found.fill_null(len(column.values) - 1).to_numpy(zero_copy_only=False)
    return codes
