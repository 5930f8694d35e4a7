"""Whether the challenger may replace the champion."""

from typing import Annotated

from zenml import step

from adclick.evaluation.decision import Decision, Policy
from adclick.evaluation.decision import decide as decide_by
from adclick.evaluation.evaluation import Evaluation
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def decide(evaluation: Evaluation, policy: Policy) -> Annotated[Decision, "decision"]:
    """Hold the evaluation against the policy."""
    decision = decide_by(evaluation, policy)
    print(f"{'promote' if decision.promote else 'keep'}: {decision.reason}")
    return decision
