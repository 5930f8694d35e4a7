"""Scoring the test rows with every model that an evaluation compares."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog, RowSelection
from adclick.arrays import Array, Float64
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, CONSTANT, LOGISTIC, ScoredRows
from adclick.model.baseline import LogisticBaseline
from adclick.model.click_model import ClickModel
from adclick.splitting import Split

CREATIVE_AGE = "creative"


def score_test_rows(
    log: AdLog,
    split: Split,
    encoder: FeatureEncoder,
    challenger: ClickModel,
    baseline: LogisticBaseline,
    champion: ServingBundle | None,
) -> ScoredRows:
    """The test rows with the scores of challenger, baselines and, if there is one, champion.

    The champion is scored afresh through its own bundle; creatives that are newer than it are
    embedded with its own tower. Clusters are creatives where the log has them, else there are none.
    """
    schema = log.ad_schema
    creatives = log.creatives()
    embeddings = challenger.embed(creatives.images) if creatives else None
    champion_scorer = _champion_scorer(champion, log)
    batches = list(log.batches(split.test))
    if not batches:
        raise AdclickError(f"no row to test on in {split.test.describe()}")
    scores: dict[str, list[Float64]] = {CHALLENGER: [], LOGISTIC: [], CONSTANT: []}
    if champion_scorer:
        scores[CHAMPION] = []
    for batch in batches:
        encoded = encoder.encode(batch)
        shown = None
        if embeddings is not None and creatives is not None:
            shown = embeddings[creatives.index(batch.column(schema.creative))]
        scores[CHALLENGER].append(challenger.predict(encoded, shown))
        scores[LOGISTIC].append(baseline.predict(encoded))
        scores[CONSTANT].append(np.full(batch.num_rows, baseline.click_rate))
        if champion_scorer:
            scores[CHAMPION].append(champion_scorer.score_batch(batch))
    table = pa.Table.from_batches(batches)
    return ScoredRows(
        clicks=_float(table, CLICKS),
        impressions=_float(table, IMPRESSIONS),
        scores={name: np.concatenate(parts) for name, parts in scores.items()},
        clusters=_clusters(table, schema.creative),
        slice_columns=_slice_columns(log, table, split.training),
    )


def _champion_scorer(champion: ServingBundle | None, log: AdLog) -> Scorer | None:
    if champion is None:
        return None
    missing = [name for name in champion.encoder.columns if name not in log.ad_schema.features]
    if missing or champion.schema.image_shape != log.ad_schema.image_shape:
        raise AdclickError(
            f"champion {champion.version} needs {missing[0] if missing else 'other images'}, which "
            f"schema {log.ad_schema.name} no longer has: give the changed schema a new name"
        )
    scorer = Scorer(champion)
    creatives = log.creatives()
    return scorer.with_creatives(creatives.ids, creatives.images) if creatives else scorer


def _float(table: pa.Table, name: str) -> Float64:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _clusters(table: pa.Table, creative: str | None) -> Array | None:
    if creative is None:
        return None
    encoded = table.column(creative).combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False))


def _slice_columns(log: AdLog, table: pa.Table, training: RowSelection) -> dict[str, pa.Array]:
    schema = log.ad_schema
    columns = {name: table.column(name).combine_chunks() for name in schema.categorical}
    if schema.creative:
        seen: set[str] = set()
        for batch in log.batches(training, [schema.creative]):
            seen.update(pc.unique(batch.column(schema.creative)).to_pylist())
        known = pc.is_in(table.column(schema.creative), value_set=pa.array(sorted(seen)))
        columns[CREATIVE_AGE] = pc.if_else(known, "known", "cold").combine_chunks()
    return columns
