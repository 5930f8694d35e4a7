"""From what monitoring finds to whether to train again."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.config import RunConfig
from adclick.schema import Schema
from pipelines.monitoring import watch
from pipelines.versions import champion_then
from steps.decide_retraining import decide_retraining


@pipeline
def retraining(model: str, schema: Schema, config: RunConfig, data: str) -> None:
    """Monitor, and decide whether the model is to be trained again."""
    months, judgement = watch(model, schema, config, data)
    learned = champion_then(model).get_artifact("ad_log")
    decide_retraining(model, learned, months, judgement, config.retraining)
