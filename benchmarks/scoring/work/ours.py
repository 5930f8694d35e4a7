"""Our batch scoring, timed: `python -m benchmarks.scoring.work.ours DATA BUNDLE`."""

from __future__ import annotations

import argparse
import os

import pandas as pd  # noqa: F401  Arrow imports it with the first array: imports are not timed

from adclick.bundle.bundle import load_bundle
from adclick.schema import load_schema
from adclick.scoring.score import score_log
from adclick.scoring.source import find_rows
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.scoring.log import MONTHS, SCHEMA


def main() -> None:
    """Score the log, a folder or a manifest, with the bundle, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("bundle")
    told = parser.parse_args()
    schema, bundle = load_schema(SCHEMA), load_bundle(told.bundle)
    to = f"{os.environ['ADCLICK_HOME']}/scores"
    scores, took = timed(
        lambda: score_log(
            find_rows(told.data, schema, MONTHS), bundle, to, "click", schema.max_bad_share
        )
    )
    kinds = [month.creatives for month in scores.months]
    tell(
        took,
        rows=scores.rows_scored,
        known=sum(one.get("known", 0) for one in kinds),
        embedded=sum(month.images_embedded for month in scores.months),
        # of a few, to hold others' against
        first=[row["_score"] for row in next(scores.batches()).slice(0, 100).to_pylist()],
    )


if __name__ == "__main__":
    main()
