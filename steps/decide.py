"""Whether the challenger may replace the champion."""

from typing import Annotated

from zenml import step

from adclick.evaluation.decision import Decision
from adclick.evaluation.decision import decide as decide_by
from adclick.evaluation.evaluation import Evaluation
from adclick.evaluation.policy import Policy
from adclick.evaluation.serving import ServingFigures
from adclick.splitting import Split
from adclick.statistics.log import Validation
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def decide(
    evaluation: Evaluation,
    validation: Validation,
    split: Split,
    serving: ServingFigures,
    policy: Policy,
) -> Annotated[Decision, "decision"]:
    """Hold the evaluation, the test months and the server against the policy."""
    unusual = [one for one in validation.anomalies if one.month in split.test.months]
    decision = decide_by(evaluation, policy, unusual, serving)
    print(f"{'promote' if decision.promote else 'keep'}: {decision.reason}")
    return decision
