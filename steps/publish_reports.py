"""Reports into the stack's report store."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from adclick.monitoring.reports import DriftReports


@step(enable_cache=False)
def publish_reports(
    project: str, months: DriftReports, predictions: DriftReports
) -> Annotated[int, "reports_published"]:
    """Add to the Evidently project what is not there yet; returns how many reports were added."""
    store = Client().active_stack.data_validator
    return store.publish((*months.reports, *predictions.reports), project)
