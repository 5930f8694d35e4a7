"""The one encoding of an impression's columns, for training and serving alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Array, Float32, Float64, Int32
from adclick.encoding.candidate import Candidate
from adclick.schema import Schema
from adclick.times import EPOCH

MICROSECOND = timedelta(microseconds=1)
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
        """The slot of each known value, for one candidate at a time."""
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

    def encode(self, batch: pa.RecordBatch | pa.Table) -> Encoded:
        """Encode rows of an ad log."""
        slots = [encoding.encode(_column(batch, encoding.name)) for encoding in self.categorical]
        values = [
            np.asarray(_column(batch, n.name).to_numpy(zero_copy_only=False), np.float64)
            for n in self.numeric
        ]
        time = pc.cast(_column(batch, self.time), pa.int64())
        return self._assemble(slots, values, time.to_numpy(zero_copy_only=False))

    def encode_candidates(self, candidates: Sequence[Candidate]) -> Encoded:
        """Encode the parsed candidates of a request, to the same numbers as `encode`."""
        slots = [
            np.array([_slot(e, row[e.name]) for row in candidates], np.int32)
            for e in self.categorical
        ]
        values = [np.array([row[n.name] for row in candidates], np.float64) for n in self.numeric]
        times = [_microseconds(row[self.time]) for row in candidates]
        return self._assemble(slots, values, np.array(times, np.int64))

    def _assemble(self, slots: list[Int32], values: list[Float64], time: Array) -> Encoded:
        numeric = np.empty((len(time), len(self.numeric)), np.float32)
        buckets = []
        for position, (encoding, raw) in enumerate(zip(self.numeric, values, strict=True)):
            value = encoding.transform(raw)
            numeric[:, position] = (value - encoding.mean) / encoding.scale
            buckets.append(np.searchsorted(encoding.edges, value, side="right"))
        hours = time // 3_600_000_000
        # the epoch began on a Thursday
        weekdays = (hours // 24 + 3) % WEEKDAYS
        categorical = np.stack([*slots, *buckets, hours % HOURS, weekdays], axis=1)
        return Encoded(categorical.astype(np.int32), numeric)


def encoded_categoricals(schema: Schema) -> tuple[str, ...]:
    """The text columns that the encoder takes.

    A creative without an image is nothing but its id, so it is a categorical column there.
    """
    id_only = (schema.creative,) if schema.creative and not schema.image else ()
    return (*schema.categorical, *id_only)


def _column(batch: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    column = batch.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _slot(encoding: CategoricalEncoding, value: object) -> int:
    return encoding.slots.get(value, 0) if isinstance(value, str) else 0


def _microseconds(time: object) -> int:
    assert isinstance(time, datetime)
    return (time - EPOCH) // MICROSECOND
