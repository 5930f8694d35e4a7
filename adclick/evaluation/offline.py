"""What a model makes of test rows offline, to hold its server's answers against."""

from __future__ import annotations

import numpy as np

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.requests import as_requests, features, sample_rows
from adclick.errors import AdclickError
from adclick.evaluation.replay import Replay
from adclick.model.click_model import ClickModel
from adclick.splitting import Split

ROWS = 512
IMAGES = 16  # of creatives that are sent along, as if no server knew them


def make_replay(
    log: AdLog, split: Split, encoder: FeatureEncoder, model: ClickModel, rows: int = ROWS
) -> Replay:
    """Up to `rows` test rows, spread evenly, scored as the evaluation scores its challenger.

    Raises AdclickError where there is none.
    """
    schema = log.ad_schema
    table = sample_rows(log, split.test, rows)
    if not table.num_rows:
        raise AdclickError(f"no row to replay in {split.test.describe()}")
    requests = as_requests(schema, table)
    encoded = encoder.encode(table)
    embeddings = images = None
    creatives = log.creatives()
    if creatives is not None and schema.creative is not None:
        shown = creatives.index(table.column(schema.creative).combine_chunks())
        distinct, which = np.unique(shown, return_inverse=True)
        embeddings = model.embed(creatives.images, distinct)[which]
        images = np.asarray(creatives.images[shown[:IMAGES]])
    return Replay(
        ids=tuple(str(request[schema.id]) for request in requests),
        requests=tuple(features(schema, request) for request in requests),
        encoder=encoder,
        encoded=encoded,
        scores=model.predict(encoded, embeddings),
        embeddings=embeddings,
        images=images,
    )
