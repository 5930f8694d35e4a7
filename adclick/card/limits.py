"""What a version is for and where it ends, from what is known of it."""

from __future__ import annotations

from collections.abc import Iterator

from adclick.card.card import ModelCard
from adclick.evaluation.evaluation import CHALLENGER, Evaluation
from adclick.evaluation.traits import AGE

USES = (
    "Ranking and pricing candidate ads by the probability that whoever is shown an ad clicks it.",
    "Scores are probabilities: they may be multiplied by a bid, and added up to expected clicks.",
)
MISUSES = (
    "Anything about a person other than which ad is shown: it learned clicks, not intentions.",
    "What an ad would do elsewhere: it learned from ads that were chosen, not shown at random.",
    "Other sites, formats or columns than the data's, without an evaluation there.",
)


def limits(card: ModelCard) -> tuple[str, ...]:
    """What the version cannot do, or was not shown to do; a sentence each."""
    lineage, evaluation = card.lineage, card.evaluation
    known = [
        f"It was tested on {lineage.tested_on} alone: what comes later may differ, which "
        "monitoring watches.",
        f"It expects one click in {evaluation.impressions / max(1, evaluation.clicks):,.0f} "
        "impressions, as in the test rows; where that changes, so does its calibration.",
        "A value that training saw rarely or never is one of the unknown ones: all of these score "
        "alike.",
    ]
    if lineage.columns.get("image"):
        known.append(
            "A creative that its bundle does not hold is scored by its image where that is sent "
            "along, else as the average creative."
        )
    known += _by_slice(evaluation)
    if evaluation.champion_saw_test:
        known.append("The champion that it was compared with had seen the test rows.")
    if card.lineage.code.commit is None or card.lineage.code.dirty:
        known.append(f"It cannot be made again from a commit alone: code {card.lineage.code}.")
    return tuple(known)


def _by_slice(evaluation: Evaluation) -> Iterator[str]:
    aucs = {
        one.value: one.metrics[CHALLENGER]["auc"] for one in evaluation.slices if one.column == AGE
    }
    if {"cold", "known"} <= aucs.keys():
        yield (
            f"On creatives that it was not trained on its AUC is {aucs['cold']:.3f}, on known ones "
            f"{aucs['known']:.3f}."
        )
    surely_worse = [f"{one.column} {one.value}" for one in evaluation.worst if one.at_least > 0]
    if surely_worse:
        yield f"It does worse than the {evaluation.opponent} where {'; '.join(surely_worse)}."
