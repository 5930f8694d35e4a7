"""The one encoding of an impression's columns, for training and serving alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float32, Float64, Int32, Int64
from adclick.encoding.candidate import Candidates
from adclick.schema import Schema

HOURS, WEEKDAYS = 24, 7


@dataclass(frozen=True)
class Encoded:
    """n encoded impressions: `categorical` int32 (n, C) slots, `numeric` float32 (n, D)."""

    categorical: Int32
    numeric: Float32


class CategoricalEncoding(BaseModel):
    """Slot i + 1 stands for values[i]; slot 0 for every value that is not among them."""

    model_config = ConfigDict(frozen=True)

    name: str
    values: tuple[str, ...]

    @cached_property
    def slots(self) -> dict[str, int]:
        """The slot of each known value, for the few of a request."""
        return {value: slot for slot, value in enumerate(self.values, start=1)}

    @cached_property
    def value_set(self) -> pa.Array:
        """The known values as Arrow array, for whole columns."""
        return pa.array(self.values, pa.string())

    def encode(self, column: pa.Array) -> Int32:
        """Slots of a column of text, int32 (n,)."""
        found = pc.fill_null(pc.index_in(column, value_set=self.value_set), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int32) + 1


class NumericEncoding(BaseModel):
    """A number twice: normalised as (x - mean) / scale, and as the slot between `edges`.

    x is log1p of the value where `log` is set. Slots let the model bend where a line would not do.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    log: bool
    mean: float
    scale: float
    edges: tuple[float, ...]

    @cached_property
    def edge_array(self) -> Float64:
        """The edges, float64."""
        return np.array(self.edges, np.float64)

    def transform(self, values: Float64) -> Float64:
        """The values on the scale that mean, scale and edges refer to, float64 (n,)."""
        return np.log1p(values) if self.log else values


class FeatureEncoder(BaseModel):
    """Turns impressions into what the model takes; fitted on training months only.

    `encode` (whole batches) and `encode_candidates` (requests) give the same numbers. The
    categorical slots are, in this order: the schema's categorical columns, a slot per numeric
    column, hour of day, day of week (Monday is 0), both in UTC.
    """

    model_config = ConfigDict(frozen=True)

    time: str
    categorical: tuple[CategoricalEncoding, ...]
    numeric: tuple[NumericEncoding, ...]

    @property
    def slot_names(self) -> tuple[str, ...]:
        """What each of the C categorical columns is."""
        categorical = [encoding.name for encoding in self.categorical]
        return (*categorical, *(f"{n.name} bucket" for n in self.numeric), "hour", "weekday")

    @property
    def slot_counts(self) -> tuple[int, ...]:
        """Number of slots of each of the C categorical columns, for embedding tables."""
        categorical = [len(encoding.values) + 1 for encoding in self.categorical]
        return (*categorical, *(len(n.edges) + 1 for n in self.numeric), HOURS, WEEKDAYS)

    @property
    def columns(self) -> tuple[str, ...]:
        """The log's columns that `encode` reads."""
        names = [*(c.name for c in self.categorical), *(n.name for n in self.numeric)]
        return (self.time, *names)

    @cached_property
    def _means_and_scales(self) -> tuple[Float64, Float64]:
        pairs = np.array([(n.mean, n.scale) for n in self.numeric], np.float64).reshape(-1, 2)
        return pairs[:, :1], pairs[:, 1:]

    def encode(self, batch: pa.RecordBatch | pa.Table) -> Encoded:
        """Encode rows of an ad log."""
        slots = [encoding.encode(_column(batch, encoding.name)) for encoding in self.categorical]
        values = [
            _column(batch, encoding.name).to_numpy(zero_copy_only=False)
            for encoding in self.numeric
        ]
        time = pc.cast(_column(batch, self.time), pa.int64())
        return self._assemble(slots, values, time.to_numpy(zero_copy_only=False))

    def encode_candidates(self, candidates: Candidates) -> Encoded:
        """Encode the parsed candidates of a request, to the same numbers as `encode`."""
        columns = candidates.columns
        slots = [
            [slot(value, 0) for value in columns[name]]
            for name, slot in ((e.name, e.slots.get) for e in self.categorical)
        ]
        values = [columns[encoding.name] for encoding in self.numeric]
        return self._assemble(slots, values, np.array(columns[self.time], np.int64))

    def _assemble(self, slots: Sequence[Any], values: Sequence[Any], time: Int64) -> Encoded:
        """Rows of the columns of slots and of values, each (n,), and of the times.

        A request of one row pays a microsecond for each call of NumPy: they are few.
        """
        count, known = len(time), len(slots)
        categorical = np.empty((known + len(values) + 2, count), np.int32)
        categorical[:known] = np.array(slots, np.int32).reshape(known, count)
        transformed = np.array(values, np.float64).reshape(len(values), count)
        for row, encoding in enumerate(self.numeric, start=known):
            value = encoding.transform(transformed[row - known])
            categorical[row] = encoding.edge_array.searchsorted(value, "right")
            transformed[row - known] = value
        means, scales = self._means_and_scales
        numeric = ((transformed - means) / scales).astype(np.float32)
        hours = time // 3_600_000_000
        # the epoch began on a Thursday
        categorical[-2], categorical[-1] = hours % HOURS, (hours // 24 + 3) % WEEKDAYS
        return Encoded(np.ascontiguousarray(categorical.T), np.ascontiguousarray(numeric.T))


def encoded_categoricals(schema: Schema) -> tuple[str, ...]:
    """The text columns that the encoder takes.

    A creative without an image is nothing but its id, so it is a categorical column there.
    """
    id_only = (schema.creative,) if schema.creative and not schema.image else ()
    return (*schema.categorical, *id_only)


def _column(batch: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    column = batch.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
