"""What changed since the champion was trained."""

from typing import NamedTuple

from zenml import Model, pipeline
from zenml.enums import ModelStages

import materializers  # noqa: F401  registers how our types travel
from adclick.config import RunConfig
from adclick.ingest.selection import ALL
from adclick.schema import Schema
from pipelines.versions import champion_then, newest
from steps.collect_predictions import collect_predictions
from steps.ingest import ingest
from steps.judge import judge
from steps.notify import notify
from steps.profile_reference import profile_reference
from steps.publish_reports import publish_reports
from steps.report_months import report_months
from steps.report_predictions import report_predictions


@pipeline
def monitoring(model: str, schema: Schema, config: RunConfig, data: str | None) -> None:
    """Judge months of `data`, or of the last training's log, and the logged predictions."""
    watch(model, schema, config, data)


class Watched(NamedTuple):
    """Outputs of steps: the reports on months, and what all reports together ask for."""

    months: object
    judgement: object


def watch(model: str, schema: Schema, config: RunConfig, data: str | None) -> Watched:
    """The steps that report, judge, publish and tell, within a pipeline."""
    if data is None:
        log, chosen = newest(model, "ad_log"), config.months
    else:
        log, chosen = ingest(data, schema, config.months), ALL
    champion = champion_then(model)
    learned, split = champion.get_artifact("ad_log"), champion.get_artifact("split")
    bundle = champion.get_artifact("serving_bundle")
    # with a model, ZenML keeps what a step makes with that version
    kept = profile_reference.with_options(model=Model(name=model, version=ModelStages.PRODUCTION))
    reference = kept(learned, split, bundle, config.monitoring)
    months = report_months(log, learned, split, bundle, reference, chosen, config.monitoring)
    predictions = collect_predictions(bundle, config.feedback)
    predicted = report_predictions(
        log, learned, split, bundle, reference, predictions, config.monitoring
    )
    judgement = judge(months, predicted)
    published = publish_reports(model, months, predicted)
    notify(model, judgement, published, config.alerts)
    return Watched(months, judgement)
