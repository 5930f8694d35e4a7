"""What people are told of a verdict, and when."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from adclick.monitoring.verdict import VERDICTS, Judgement, Severity, Verdict

MOST_REASONS = 8
ADVICE: Mapping[Verdict, str] = {
    "fine": "nothing to do",
    "watch": "look at the reports; the model may stay",
    "retrain": "the model is out of date: run.py --pipeline retraining",
    "stop": "data or model are broken: mend their source before anything is trained on them, "
    "and go back a version where it serves wrong scores (run.py rollback)",
}


class AlertOptions(BaseModel):
    """From which verdict on the stack's alerter is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_least: Severity = "watch"


def is_at_least(verdict: Verdict, bound: Verdict) -> bool:
    """Whether a verdict is as bad as `bound` or worse."""
    return VERDICTS.index(verdict) >= VERDICTS.index(bound)


def alert_text(model: str, judgement: Judgement) -> str:
    """Plain text for a chat or a log: the verdict, what to do, and what to look at first."""
    shown = judgement.reasons[:MOST_REASONS]
    more = len(judgement.reasons) - len(shown)
    return "\n".join(
        [
            f"{model}: {judgement.verdict.upper()} - {ADVICE[judgement.verdict]}",
            *(f"{number}. {reason}" for number, reason in enumerate(shown, 1)),
            *([f"and {more} more"] if more else []),
        ]
    )
