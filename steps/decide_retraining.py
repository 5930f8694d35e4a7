"""Whether to train again."""

from datetime import UTC, datetime
from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.verdict import Judgement
from adclick.retraining.decision import RetrainingDecision
from adclick.retraining.decision import decide_retraining as decide
from adclick.retraining.options import RetrainingOptions
from steps.standing import standing


@step(enable_cache=False)
def decide_retraining(
    model: str,
    learned: AdLog,
    months: DriftReports,
    judgement: Judgement,
    options: RetrainingOptions,
) -> Annotated[RetrainingDecision, "retraining_decision"]:
    """Look for what speaks against what is asked for; never cached, since time passes."""
    names = [report.name for report in months.reports]
    stands = standing(model, learned.month_names)
    decision = decide(judgement, names, stands, datetime.now(UTC), options)
    print(f"{'retrain' if decision.retrain else 'keep'}: {decision.reason}")
    return decision
