"""Real requests to the version that serves."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.config import RunConfig
from pipelines.versions import newest, of_champion
from steps.send_traffic import send_traffic


@pipeline
def traffic(model: str, config: RunConfig) -> None:
    """Send a sample of the newest month's impressions as requests."""
    log, split = newest(model, "ad_log"), newest(model, "split")
    send_traffic(log, split, of_champion(model, "serving_bundle"), config.traffic)
