"""Scoring the test rows with every model that an evaluation compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog
from adclick.arrays import Float64
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.encoder import Encoded, FeatureEncoder
from adclick.errors import AdclickError
from adclick.evaluation.clusters import ClusterCodes
from adclick.evaluation.evaluation import (
    BOOSTING,
    CHALLENGER,
    CHAMPION,
    CONSTANT,
    LOGISTIC,
    TWIN,
)
from adclick.evaluation.rows import Clusters, RowsWriter, ScoredRows, block_of
from adclick.evaluation.traits import Traits
from adclick.model.baselines import Baselines
from adclick.model.click_model import ClickModel
from adclick.splitting import Split

type Score = Callable[[pa.RecordBatch, Encoded], Float64]


def score_test_rows(
    log: AdLog,
    split: Split,
    encoder: FeatureEncoder,
    challenger: ClickModel,
    baselines: Baselines,
    champion: ServingBundle | None,
    clustered_by: Clusters | None = None,
) -> ScoredRows:
    """The test rows with the scores of challenger, baselines and, if there is one, champion.

    The champion is scored afresh through its own bundle; creatives that are newer than it are
    embedded with its own tower. Rows go to disk batch by batch. Raises AdclickError where there is
    no row, or a model has no score for one.
    """
    models: dict[str, Score] = {
        CHALLENGER: _of_challenger(challenger, log),
        BOOSTING: lambda _, encoded: baselines.boosting.predict(encoded),
        LOGISTIC: lambda _, encoded: baselines.logistic.predict(encoded),
        CONSTANT: lambda batch, _: np.full(batch.num_rows, baselines.logistic.click_rate),
    }
    if challenger.tower is not None:
        twin = challenger.tabular
        models[TWIN] = lambda _, encoded: twin.predict(encoded, None)
    if champion is not None:
        models[CHAMPION] = _of_champion(champion, log)
    traits = Traits(log, split, encoder)
    clusters = ClusterCodes(log.ad_schema)
    with RowsWriter() as writer:
        for batch in log.batches(split.test):
            encoded = encoder.encode(batch)
            scores = {name: score(batch, encoded) for name, score in models.items()}
            _check(scores, split)
            writer.add(
                block_of(
                    _floats(batch, CLICKS),
                    _floats(batch, IMPRESSIONS),
                    scores,
                    clusters.of(batch),
                    traits.codes(batch, encoded),
                )
            )
    if not writer.count:
        raise AdclickError(f"no row to test on in {split.test.describe()}")
    kind, count = clusters.choose(clustered_by)
    return writer.rows(tuple(models), traits.columns, count, kind)


def _of_challenger(model: ClickModel, log: AdLog) -> Score:
    creatives, name = log.creatives(), log.ad_schema.creative
    if creatives is None or name is None:
        return lambda _, encoded: model.predict(encoded, None)
    embeddings = model.embed(creatives.images)
    return lambda batch, encoded: model.predict(
        encoded, embeddings[creatives.index(batch.column(name))]
    )


def _of_champion(champion: ServingBundle, log: AdLog) -> Score:
    missing = [name for name in champion.encoder.columns if name not in log.ad_schema.features]
    if missing or champion.schema.image_shape != log.ad_schema.image_shape:
        raise AdclickError(
            f"champion {champion.version} needs {missing[0] if missing else 'other images'}, which "
            f"schema {log.ad_schema.name} no longer has: give the changed schema a new name"
        )
    scorer = Scorer(champion)
    creatives = log.creatives()
    if creatives:
        scorer = scorer.with_creatives(creatives.ids, creatives.images)
    return lambda batch, _: scorer.score_batch(batch)


def _check(scores: Mapping[str, Float64], split: Split) -> None:
    for name, score in scores.items():
        if not np.isfinite(score).all():
            raise AdclickError(
                f"the {name} has no finite score for a row of {split.test.describe()}: "
                "its weights are broken, train it again"
            )


def _floats(batch: pa.RecordBatch, name: str) -> Float64:
    return np.asarray(batch.column(name).to_numpy(), np.float64)
