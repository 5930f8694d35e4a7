"""Whether to train again."""

from datetime import UTC, datetime
from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.monitoring.reports import DriftReports
from adclick.retraining.decision import RetrainingDecision
from adclick.retraining.decision import decide_retraining as decide
from adclick.retraining.options import RetrainingOptions
from steps.standing import standing


@step(enable_cache=False)
def decide_retraining(
    model: str,
    learned: AdLog,
    months: DriftReports,
    predictions: DriftReports,
    options: RetrainingOptions,
) -> Annotated[RetrainingDecision, "retraining_decision"]:
    """Judge all reports, and look for what speaks against; never cached, since time passes."""
    judgement = DriftReports((*months.reports, *predictions.reports)).judgement
    names = [report.name for report in months.reports]
    stands = standing(model, learned.month_names)
    decision = decide(judgement, names, stands, datetime.now(UTC), options)
    print(f"{'retrain' if decision.retrain else 'keep'}: {decision.reason}")
    return decision
