"""Explaining a model by the rows that it is tested on."""

from __future__ import annotations

import numpy as np

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog, RowSelection
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.explanation.explanation import Explanation, Pictures
from adclick.explanation.importance import Labelled, importances
from adclick.explanation.pictures import effects_in, most_effective
from adclick.model.click_model import ClickModel
from adclick.splitting import Split

MOST_ROWS = 10_000
CONTEXTS = 1_000
MOST_PICTURES = 2_000
NO_PICTURES = Pictures(highest=(), lowest=(), count=0, spread=0.0)


def explain(log: AdLog, split: Split, encoder: FeatureEncoder, model: ClickModel) -> Explanation:
    """What the model goes by on up to about MOST_ROWS of the test rows, chosen by id.

    Pictures are those of the first MOST_PICTURES creatives among them. Raises AdclickError when
    there is no row.
    """
    chosen = _sample(log, split.test)
    table = log.table(chosen)
    if not table.num_rows:
        raise AdclickError(f"no row to explain by in {chosen.describe()}")
    encoded = encoder.encode(table)
    clicks, shown = (
        np.asarray(table[name].to_numpy(), np.float64) for name in (CLICKS, IMPRESSIONS)
    )
    creatives, embeddings, seen = log.creatives(), None, NO_PICTURES
    if creatives is not None and model.tower is not None:
        which = creatives.index(table[str(log.ad_schema.creative)].combine_chunks())
        distinct, places = np.unique(which, return_inverse=True)
        embeddings = model.embed(creatives.images, distinct)[places]
        first = distinct[:MOST_PICTURES]
        ids = tuple(creatives.ids[i] for i in first)
        effects = effects_in(model, encoded.categorical[:CONTEXTS])
        seen = most_effective(model, effects, ids, creatives.images[first])
    return Explanation(
        tested_on=chosen.describe(),
        rows=len(clicks),
        importances=importances(model, encoder, Labelled(encoded, embeddings, clicks, shown)),
        pictures=seen,
    )


def _sample(log: AdLog, test: RowSelection) -> RowSelection:
    rows = sum(month.rows_kept for month in log.months if month.month in test.months)
    buckets = test.end_bucket - test.first_bucket
    share = min(1.0, MOST_ROWS / max(1, rows))
    end = test.first_bucket + max(1, round(buckets * share))
    return test.model_copy(update={"end_bucket": min(end, test.end_bucket)})
