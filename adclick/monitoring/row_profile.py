"""The profile of rows with scores: of requests that a server answered, or of a log's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import IMPRESSIONS
from adclick.arrays import Float64
from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.draws import RequestRuns, effective_draws
from adclick.monitoring.names import HOUR, SCORE
from adclick.monitoring.profile import Profile
from adclick.prediction_log import REQUEST
from adclick.prediction_log import SCORE as LOGGED_SCORE
from adclick.schema import Schema
from adclick.statistics.numbers import NumberSketch, merge_numbers, sketch_numbers
from adclick.statistics.values import ValueSketch, merge_values, sketch_values
from adclick.times import parse_times

TOGETHER = 8

type Rows = pa.RecordBatch | pa.Table


class RowProfile:
    """Adds up batches of rows with their scores; memory grows with the creatives alone.

    Batches have the schema's features, numeric ones float64 and all others text, the time as text
    or timestamp, and `_score`. A request that leaves a feature out has the schema's default for it,
    as the model sees it, and counts as missing. Rows of one request, where batches have
    `_request` and are ordered by it, share their context: they count as one. Rows of a log count as
    their `_impressions`.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._defaults: dict[str, str | float | None] = {
            **{name: column.default for name, column in schema.categorical.items()},
            **{name: column.default for name, column in schema.numeric.items()},
        }
        self._rows = 0
        self._requests = RequestRuns()
        self._hours = np.zeros(24)
        self._missing = dict.fromkeys((*schema.categorical, *schema.numeric, HOUR), 0)
        self._texts: dict[str, list[ValueSketch]] = {name: [] for name in schema.text_columns}
        self._numbers: dict[str, list[NumberSketch]] = {n: [] for n in (*schema.numeric, SCORE)}
        self._by_creative: defaultdict[str | None, Float64] = defaultdict(lambda: np.zeros(2))

    def add(self, batch: Rows) -> None:
        """Go on with these rows."""
        if not batch.num_rows:
            return
        weights = _weights(batch)
        self._rows += batch.num_rows
        self._requests.add(_combined(batch[REQUEST]) if REQUEST in batch.schema.names else weights)
        self._add_hours(batch, weights)
        for name in self._schema.text_columns:
            self._add_values(name, self._filled(name, _combined(batch[name])), weights)
        for name in self._schema.numeric:
            self._add_numbers(name, self._filled(name, _combined(batch[name])), weights)
        scores = _combined(batch[LOGGED_SCORE])
        self._add_numbers(SCORE, scores, weights)
        if self._schema.creative is not None:
            self._add_creatives(_combined(batch[self._schema.creative]), scores, weights)

    def profile(self, period: str, of_creative: Sequence[str] = ()) -> Profile:
        """The profile of all rows that were added; `of_creative` describe the ad, as in Profile."""
        texts = {
            name: Values.of(merge_values(parts)) for name, parts in self._texts.items() if parts
        }
        numbers = {
            n: Numbers.of(merge_numbers(parts)) for n, parts in self._numbers.items() if parts
        }
        creative = self._schema.creative
        creatives = texts.pop(creative, None) if creative else None
        hours = {f"{hour:02d}": int(shown) for hour, shown in enumerate(self._hours) if shown}
        if hours:
            texts[HOUR] = Values(counts=hours, distinct=len(hours))
        draws = self._requests.effective
        if creatives is not None and SCORE in numbers:
            by_creative = np.array(list(self._by_creative.values()))
            draws = min(draws, effective_draws(by_creative, numbers[SCORE].deviation))
        return Profile(
            period=period,
            rows=self._rows,
            impressions=int(self._requests.weight),
            effective_rows=self._requests.effective,
            of_creative=tuple(of_creative),
            creatives=creatives,
            missing={name: count / max(self._rows, 1) for name, count in self._missing.items()},
            values=texts,
            numbers=numbers,
            clicks=None,
            draws={SCORE: draws},
        )

    def _filled(self, name: str, column: pa.Array) -> pa.Array:
        if name not in self._missing:
            return column
        self._missing[name] += column.null_count
        default = self._defaults[name]
        return column if default is None else pc.fill_null(column, default)

    def _add_values(self, name: str, column: pa.Array, weights: Float64) -> None:
        given = column.is_valid().to_numpy(zero_copy_only=False)
        if given.any():
            encoded = column.drop_null().dictionary_encode()
            sketch = sketch_values(encoded, weights[given], np.zeros(int(given.sum())))
            self._texts[name] = _shorter([*self._texts[name], sketch], merge_values)

    def _add_numbers(self, name: str, column: pa.Array, weights: Float64) -> None:
        given = column.is_valid().to_numpy(zero_copy_only=False)
        if given.any():
            numbers = np.asarray(column.drop_null().to_numpy(), np.float64)
            sketch = sketch_numbers(numbers, weights[given])
            self._numbers[name] = _shorter([*self._numbers[name], sketch], merge_numbers)

    def _add_hours(self, batch: Rows, weights: Float64) -> None:
        times = _times(_combined(batch[self._schema.time]), self._schema.time_format)
        known = ~np.isnat(times)
        self._missing[HOUR] += len(times) - int(known.sum())
        since = times[known] - times[known].astype("datetime64[D]")
        hours = since.astype("timedelta64[h]").astype(np.int64)
        self._hours += np.bincount(hours, weights[known], minlength=24)

    def _add_creatives(self, ids: pa.Array, scores: pa.Array, weights: Float64) -> None:
        encoded = ids.dictionary_encode(null_encoding="encode")
        codes, size = encoded.indices.to_numpy(), len(encoded.dictionary)
        shown = np.bincount(codes, weights, size)
        summed = np.bincount(codes, weights * scores.to_numpy(zero_copy_only=False), size)
        for name, *sums in zip(encoded.dictionary.to_pylist(), shown, summed, strict=True):
            self._by_creative[name] += sums


def profile_rows(
    period: str, batches: Iterable[Rows], schema: Schema, of_creative: Sequence[str] = ()
) -> Profile:
    """The profile of all of the batches, as `RowProfile` reads them."""
    rows = RowProfile(schema)
    for batch in batches:
        rows.add(batch)
    return rows.profile(period, of_creative)


def _weights(batch: Rows) -> Float64:
    if IMPRESSIONS in batch.schema.names:
        return np.asarray(_combined(batch[IMPRESSIONS]).to_numpy(), np.float64)
    return np.ones(batch.num_rows)


def _shorter[T](parts: list[T], merge: Callable[[Sequence[T]], T]) -> list[T]:
    return [merge(parts)] if len(parts) >= TOGETHER else parts


def _combined(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _times(column: pa.Array, time_format: str) -> npt.NDArray[np.datetime64]:
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False))
    # a request may leave the time out; an empty text is no time
    return parse_times(column.fill_null(""), time_format)
