"""What slices may divide test rows by: the encoder's columns, and how new a creative is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import AdLog, RowSelection
from adclick.arrays import Array
from adclick.encoding.encoder import HOURS, Encoded, FeatureEncoder, NumericEncoding
from adclick.evaluation.cuts import OTHER
from adclick.evaluation.rows import Column
from adclick.splitting import Split

HOUR, WEEKDAY, MONTH, AGE = "hour of day", "day of week", "month", "creative age"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Traits:
    """The columns, and the code of each row in each of them.

    Categories are the encoder's: what is rare in training or not in it is one value. Numbers are in
    the encoder's ranges. A creative is cold where no training row showed it.
    """

    def __init__(self, log: AdLog, split: Split, encoder: FeatureEncoder) -> None:
        self._time, self._creative = log.ad_schema.time, log.ad_schema.creative
        self._trained_on = _creatives(log, split.training) if self._creative else None
        self._months = sorted(split.test.months)
        self._slots = len(encoder.slot_names)
        self.columns = tuple(self._columns(encoder))

    def _columns(self, encoder: FeatureEncoder) -> Iterator[Column]:
        for categorical in encoder.categorical:
            yield Column(categorical.name, (OTHER, *categorical.values))
        for numeric in encoder.numeric:
            yield Column(numeric.name, edges=_edges(numeric))
        yield Column(HOUR, tuple(f"{hour:02}" for hour in range(HOURS)))
        yield Column(WEEKDAY, WEEKDAYS)
        yield Column(MONTH, tuple(self._months))
        if self._creative:
            yield Column(AGE, ("cold", "known"))

    def codes(self, batch: pa.RecordBatch, encoded: Encoded) -> dict[str, Array]:
        """Codes (n,) of a batch's rows by column."""
        found = list(encoded.categorical[:, : self._slots].T)
        names = pc.strftime(batch.column(self._time), "%Y-%m")
        found.append(pc.index_in(names, value_set=pa.array(self._months)).to_numpy())
        if self._creative:
            known = pc.is_in(batch.column(self._creative), value_set=self._trained_on)
            found.append(np.asarray(known.to_numpy(zero_copy_only=False), np.int32))
        return {column.name: code for column, code in zip(self.columns, found, strict=True)}


def _edges(numeric: NumericEncoding) -> tuple[float, ...]:
    edges = np.array(numeric.edges)
    return tuple((np.expm1(edges) if numeric.log else edges).tolist())


def _creatives(log: AdLog, training: RowSelection) -> pa.Array:
    seen: set[str] = set()
    for batch in log.batches(training, [str(log.ad_schema.creative)]):
        seen.update(pc.unique(batch.column(0)).to_pylist())
    return pa.array(sorted(seen), pa.string())
