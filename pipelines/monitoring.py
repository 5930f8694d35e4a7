"""What changed since the champion was trained."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.config import RunConfig
from pipelines.versions import newest, of_champion
from steps.collect_predictions import collect_predictions
from steps.judge import judge
from steps.notify import notify
from steps.publish_reports import publish_reports
from steps.report_months import report_months
from steps.report_predictions import report_predictions


@pipeline
def monitoring(model: str, config: RunConfig) -> None:
    """Report the newest months and the logged predictions, judge them, and tell people."""
    log = newest(model, "ad_log")
    learned, split = of_champion(model, "ad_log"), of_champion(model, "split")
    bundle = of_champion(model, "serving_bundle")
    months = report_months(log, learned, split, config.monitoring)
    predictions = collect_predictions(bundle)
    predicted = report_predictions(learned, split, bundle, predictions, config.monitoring)
    judgement = judge(months, predicted)
    published = publish_reports(model, months, predicted)
    notify(model, judgement, published, config.alerts)
