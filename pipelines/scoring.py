"""Scores for a whole log, without a server."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.schema import Schema
from pipelines.versions import newest, of_version
from steps.score import score


@pipeline
def scoring(model: str, schema: Schema, months: str, data: str | None, version: str | None) -> None:
    """Score `data`, or the log of the last training, with a version or the one in production."""
    bundle = of_version(model, version, "serving_bundle")
    log = newest(model, "ad_log") if data is None else None
    score(bundle, model, schema, months, data, log)
