"""What changed since the champion was trained."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.config import RunConfig
from adclick.ingest.selection import ALL
from adclick.schema import Schema
from pipelines.versions import newest, of_champion
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
    if data is None:
        log, chosen = newest(model, "ad_log"), config.months
    else:
        log, chosen = ingest(data, schema, config.months), ALL
    learned, split = of_champion(model, "ad_log"), of_champion(model, "split")
    bundle = of_champion(model, "serving_bundle")
    reference = profile_reference(learned, split, bundle, config.monitoring)
    months = report_months(log, learned, split, bundle, reference, chosen, config.monitoring)
    predictions = collect_predictions(bundle, config.feedback)
    predicted = report_predictions(
        log, learned, split, bundle, reference, predictions, config.monitoring
    )
    judgement = judge(months, predicted)
    published = publish_reports(model, months, predicted)
    notify(model, judgement, published, config.alerts)
