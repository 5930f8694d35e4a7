"""What all reports together ask for."""

from typing import Annotated

from zenml import step

from adclick.monitoring.reports import DriftReports, judge_reports
from adclick.monitoring.verdict import Judgement
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def judge(months: DriftReports, predictions: DriftReports) -> Annotated[Judgement, "judgement"]:
    """One verdict on the months since training and on the predictions, with its reasons."""
    return judge_reports([months, predictions])
