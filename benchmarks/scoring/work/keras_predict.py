"""keras.predict for every 1,000 rows: `python -m benchmarks.scoring.work.keras_predict LOG WORLD`.

What one writes first: the same rows, encoding and looked-up embeddings, and Keras for the rest.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd  # noqa: F401  Arrow imports it with the first array: imports are not timed
import pyarrow as pa

from adclick.adlog import AdLog
from adclick.arrays import Float64
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.model.click_model import ClickModel, load_click_model
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.scoring.log import ad_log
from benchmarks.serving.world import World

AT_ONCE = 1_000


def main() -> None:
    """Score so many rows of the ad log, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("world", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    told = parser.parse_args()
    world = World(told.world)
    model, log = load_click_model(world.model), ad_log(told.log)
    # the first call compiles
    predict(log, model, world.bundle, AT_ONCE)
    scores, took = timed(lambda: predict(log, model, world.bundle, told.rows))
    tell(took, rows=len(scores), first=scores[:100].tolist())


def predict(log: AdLog, model: ClickModel, bundle: ServingBundle, rows: int) -> Float64:
    """The scores of the log's first rows."""
    scorer, creative = Scorer(bundle), str(log.ad_schema.creative)
    batches = (
        pa.Table.from_batches([batch.slice(start, AT_ONCE)])
        for batch in log.batches(log.everything(), coded=True)
        for start in range(0, batch.num_rows, AT_ONCE)
    )
    scores = []
    for batch in islice(batches, -(-rows // AT_ONCE)):
        encoded = bundle.encoder.encode(batch)
        shown = scorer.embeddings[scorer.creative_rows(batch.column(creative).combine_chunks())]
        logits = model.head.predict([encoded.categorical, encoded.numeric, shown], verbose=0)
        scores.append(model.calibration.probability(logits.reshape(-1)))
    return np.concatenate(scores)


if __name__ == "__main__":
    main()
