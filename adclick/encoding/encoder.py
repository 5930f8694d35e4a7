"""The one encoding of an impression's columns, for training and serving alike."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import DTypeLike
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Array, Float32, Float64, Int32
from adclick.encoding.candidate import Candidates
from adclick.encoding.words import TOKENS, TextEncoding, token_slots
from adclick.lookup import positions
from adclick.schema import Schema

HOUR = 3_600_000_000  # microseconds
HOURS, WEEKDAYS = 24, 7
EPOCH_WEEKDAY = 3  # Thursday, where Monday is 0


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
        return (positions(column, self.value_set) + 1).astype(np.int32)


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
    column, hour of day, day of week (Monday is 0), both in UTC, and then the words of texts.
    """

    model_config = ConfigDict(frozen=True)

    time: str
    categorical: tuple[CategoricalEncoding, ...]
    numeric: tuple[NumericEncoding, ...]
    text: tuple[TextEncoding, ...] = ()

    @property
    def slot_names(self) -> tuple[str, ...]:
        """What each of the C categorical columns is, but for words."""
        categorical = [encoding.name for encoding in self.categorical]
        return (*categorical, *(f"{n.name} bucket" for n in self.numeric), "hour", "weekday")

    @property
    def slot_counts(self) -> tuple[int, ...]:
        """Number of slots of each of the C categorical columns but words, for embedding tables."""
        categorical = [len(encoding.values) + 1 for encoding in self.categorical]
        return (*categorical, *(len(n.edges) + 1 for n in self.numeric), HOURS, WEEKDAYS)

    @property
    def width(self) -> int:
        """C, the categorical columns and all words."""
        return len(self.slot_counts) + TOKENS * len(self.text)

    @property
    def columns(self) -> tuple[str, ...]:
        """The log's columns that `encode` reads."""
        texts = [*(c.name for c in self.categorical), *(t.name for t in self.text)]
        return (self.time, *texts, *(n.name for n in self.numeric))

    def encode(self, batch: pa.RecordBatch | pa.Table) -> Encoded:
        """Encode rows of an ad log."""
        slots = [encoding.encode(column_of(batch, encoding.name)) for encoding in self.categorical]
        numeric = np.empty((len(self.numeric), batch.num_rows), np.float32)
        for row, encoding in enumerate(self.numeric):
            values = column_of(batch, encoding.name).to_numpy(zero_copy_only=False)
            value = encoding.transform(np.asarray(values, np.float64))
            numeric[row] = (value - encoding.mean) / encoding.scale
            slots.append(np.searchsorted(encoding.edges, value, side="right"))
        time = pc.cast(column_of(batch, self.time), pa.int64()).to_numpy(zero_copy_only=False)
        hours = time // HOUR
        slots += [hours % HOURS, (hours // HOURS + EPOCH_WEEKDAY) % WEEKDAYS]
        for text in self.text:
            slots += list(text.encode(column_of(batch, text.name)).T)
        return Encoded(_rows(slots, np.int32, batch.num_rows), np.ascontiguousarray(numeric.T))

    def encode_candidates(self, candidates: Candidates) -> Encoded:
        """Encode the parsed candidates of a request, to the same numbers as `encode`.

        In plain Python, but for the logarithm, whose last bit differs between libraries: for few
        rows NumPy's calls cost more than what they compute.
        """
        columns, count = candidates.columns, len(candidates)
        slots, numeric = [], []
        for categorical in self.categorical:
            slot = categorical.slots.get
            slots.append([slot(value, 0) for value in columns[categorical.name]])
        for encoding in self.numeric:
            values, edges = columns[encoding.name], encoding.edges
            if encoding.log:
                values = encoding.transform(np.array(values, np.float64)).tolist()
            mean, scale = encoding.mean, encoding.scale
            numeric.append([(value - mean) / scale for value in values])
            slots.append([bisect_right(edges, value) for value in values])
        hours = [time // HOUR for time in columns[self.time]]
        slots.append([hour % HOURS for hour in hours])
        slots.append([(hour // HOURS + EPOCH_WEEKDAY) % WEEKDAYS for hour in hours])
        for text in self.text:
            tokens = [*map(token_slots, columns[text.name])]
            slots += [[token[place] for token in tokens] for place in range(TOKENS)]
        return Encoded(_rows(slots, np.int32, count), _rows(numeric, np.float32, count))


def encoded_categoricals(schema: Schema) -> tuple[str, ...]:
    """The text columns that the encoder takes.

    A creative without an image is nothing but its id, so it is a categorical column there.
    """
    id_only = (schema.creative,) if schema.creative and not schema.image else ()
    return (*schema.categorical, *id_only)


def column_of(batch: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    """A column in one piece."""
    column = batch.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _rows(columns: Sequence[Any], dtype: DTypeLike, count: int) -> Array:
    """Columns of `count` values each as rows, in one piece."""
    return np.ascontiguousarray(np.array(columns, dtype).reshape(len(columns), count).T)
