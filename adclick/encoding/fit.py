"""Fitting the encoder: vocabularies, normalisation and bucket edges from training rows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from adclick.adlog import BUCKET, BUCKETS, IMPRESSIONS, AdLog, RowSelection
from adclick.arrays import Float64
from adclick.columns import CategoricalColumn
from adclick.encoding.encoder import (
    CategoricalEncoding,
    FeatureEncoder,
    NumericEncoding,
    encoded_categoricals,
)
from adclick.encoding.words import TextEncoding
from adclick.errors import AdclickError

NUMERIC_BUCKETS = 16
QUANTILE_ROWS = 1_000_000


def fit_encoder(log: AdLog, training: RowSelection) -> FeatureEncoder:
    """The encoder for `log`'s schema, from the rows in `training` in one pass.

    Memory is bounded by the distinct values and a sample of QUANTILE_ROWS rows, chosen by id,
    from which mean, scale and quantile edges of numeric columns are taken. An aggregated row counts
    as its impressions in all of them. Raises AdclickError when there is no row.
    """
    schema = log.ad_schema
    names = encoded_categoricals(schema)
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    samples: dict[str, list[Float64]] = {name: [] for name in (*schema.numeric, IMPRESSIONS)}
    sampled_buckets = _sampled_buckets(log, training)
    columns = [*names, *schema.numeric, IMPRESSIONS, BUCKET]
    fitted = 0
    for batch in log.batches(training, columns):
        rows = pa.Table.from_batches([batch])
        for name in names:
            grouped = rows.group_by(name).aggregate([(IMPRESSIONS, "sum")])
            for value, count in zip(*(column.to_pylist() for column in grouped), strict=True):
                if value is not None:
                    counts[name][value] += count
        chosen = rows[BUCKET].to_numpy() < sampled_buckets
        for name, sample in samples.items():
            sample.append(rows[name].to_numpy()[chosen])
        fitted += batch.num_rows
    if not fitted:
        raise AdclickError(f"no row to fit the encoder on in {training.describe()}")
    shown = np.concatenate(samples[IMPRESSIONS])
    return FeatureEncoder(
        time=schema.time,
        categorical=tuple(
            CategoricalEncoding(
                name=name,
                values=_vocabulary(
                    counts[name],
                    schema.categorical.get(name, CategoricalColumn(role="categorical")),
                ),
            )
            for name in names
        ),
        numeric=tuple(
            _fit_numeric(name, column.log, np.concatenate(samples[name]), shown)
            for name, column in schema.numeric.items()
        ),
        text=tuple(TextEncoding(name=name) for name in schema.texts),
    )


def _sampled_buckets(log: AdLog, training: RowSelection) -> int:
    rows = sum(month.rows_kept for month in log.months if month.month in training.months)
    return BUCKETS if rows <= QUANTILE_ROWS else max(1, BUCKETS * QUANTILE_ROWS // rows)


def _vocabulary(counts: Counter[str], column: CategoricalColumn) -> tuple[str, ...]:
    frequent = [(count, value) for value, count in counts.items() if count >= column.min_count]
    frequent.sort(key=lambda item: (-item[0], item[1]))
    return tuple(value for _, value in frequent[: column.max_values])


def _fit_numeric(name: str, log: bool, values: Float64, shown: Float64) -> NumericEncoding:
    unit = NumericEncoding(name=name, log=log, mean=0.0, scale=1.0, edges=())
    transformed = unit.transform(values)
    quantiles = np.linspace(0, 1, NUMERIC_BUCKETS + 1)[1:-1]
    edges = np.unique(_weighted_quantiles(transformed, shown, quantiles))
    mean = np.average(transformed, weights=shown)
    scale = float(np.sqrt(np.average((transformed - mean) ** 2, weights=shown)))
    return unit.model_copy(
        update={
            "mean": float(mean),
            # a constant column carries nothing: any scale maps it to 0
            "scale": scale if scale > 0 else 1.0,
            "edges": tuple(edges.tolist()),
        }
    )


def _weighted_quantiles(values: Float64, shown: Float64, quantiles: Float64) -> Float64:
    """np.quantile of each value repeated as often as it was shown, without repeating it."""
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(shown[order])
    positions = quantiles * (ends[-1] - 1)
    below = np.floor(positions)
    above = np.minimum(below + 1, ends[-1] - 1)
    pairs = values[order][np.searchsorted(ends, [below, above], side="right")]
    return np.array([np.quantile(p, f) for p, f in zip(pairs.T, positions - below, strict=True)])
